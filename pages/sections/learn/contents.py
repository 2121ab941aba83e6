"""Where one is on Learn: the part, the step and the word looked up, which are in the page's address, too."""

from typing import Final, Literal

import streamlit as st

from core.lessons.outline import LESSON_STEPS, LessonStep

Part = Literal["Steps", "Quiz", "Glossary"]
PARTS: Final[tuple[Part, ...]] = ("Steps", "Quiz", "Glossary")
TERM: Final = "term"
_PART, _STEP, _FOLLOWED = "part", "step", "followed_term"


def choose_part() -> Part:
    """The part of the page that is chosen. An address with a word, /learn?term=f1_macro, opens the glossary."""
    term = st.query_params.get(TERM)
    if term and st.session_state.get(_FOLLOWED) != term:
        st.session_state[_FOLLOWED] = term
        st.session_state[_PART] = "Glossary"
    chosen: Part | None = st.segmented_control(
        "Part",
        PARTS,
        default="Steps",
        required=True,
        key=_PART,
        bind="query-params",
        persist_state="session",
        label_visibility="collapsed",
    )
    return chosen or "Steps"


def choose_step() -> LessonStep:
    """The step that is chosen among the seven."""
    numbers = [str(step.number) for step in LESSON_STEPS]
    chosen = st.segmented_control(
        "Step",
        numbers,
        default="1",
        required=True,
        key=_STEP,
        bind="query-params",
        persist_state="session",
        label_visibility="collapsed",
        wrap=False,
    )
    return LESSON_STEPS[numbers.index(chosen or "1")]


def open_part(part: Part) -> None:
    """Make a part the one that is shown, as the callback of a button."""
    st.session_state[_PART] = part


def open_step(number: int) -> None:
    """Make a step the one that is shown, as the callback of a button."""
    st.session_state[_PART] = "Steps"
    st.session_state[_STEP] = str(number)
