"""The part Glossary: every metric, setting and word of the lesson, with a search."""

from typing import Final

import streamlit as st

from core.lessons.glossary import KINDS, Kind, Term, glossary
from core.lessons.outline import LESSON_STEPS
from pages.sections.learn.contents import TERM, open_step

_TITLES: Final[dict[Kind, str]] = {"Lesson": "Lesson", "Metric": "Metrics", "Setting": "Settings"}


def show_glossary() -> None:
    """Draw the entries that match the search; an entry whose name is searched, as by a link, is alone."""
    terms = glossary()
    words = st.text_input(
        "Search",
        key=TERM,
        bind="query-params",
        type="search",
        icon=":material/search:",
        placeholder="accuracy, dropout, F1 …",
        live=True,
    )
    named = terms.get((words or "").strip())
    if named:
        _show_term(named)
        return
    found = [term for term in terms.values() if term.matches(words or "")]
    kind = _choose_kind(found)
    if not found:
        st.info("No entry has these words. Try a shorter one.", icon=":material/search_off:")
    for term in found:
        if kind is None or term.kind == kind:
            _show_term(term)


def _choose_kind(found: list[Term]) -> Kind | None:
    """The chosen kind of entries; None for all."""
    counts = {kind: sum(term.kind == kind for term in found) for kind in KINDS}
    return st.segmented_control(
        "Kind",
        KINDS,
        key="kind",
        persist_state="session",
        format_func=lambda kind: f"{_TITLES[kind]} ({counts[kind]})",
        label_visibility="collapsed",
        wrap=False,
    )


def _show_term(term: Term) -> None:
    step = LESSON_STEPS[term.step - 1]
    with st.container(border=True, key=f"term-{term.name}"):
        words, way = st.columns([4, 1.3], vertical_alignment="center")
        words.markdown(f"**{term.title}**  \n{term.description}")
        words.caption(term.formula)
        way.button(
            f"Step {step.number}: {step.title}",
            type="tertiary",
            key=f"explain-{term.name}",
            on_click=open_step,
            args=[term.step],
        )
