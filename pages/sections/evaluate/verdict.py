"""The section Verdict: how good, how sure, whether it helped, where it fails and what to do next, in plain words."""

from collections.abc import Sequence
from typing import Final

import pandas as pd
import streamlit as st

from core import run_evaluation
from core.charts.home import small_scores
from core.evaluation.metrics.definitions import METRICS
from core.formatting import pluralize
from core.label_fixes import QUESTION
from core.reports.verdict.advice import Outcome
from core.reports.verdict.compose import Verdict
from core.task import TaskKind
from pages.sections.evaluate.view import SECTION, RunView, open_test_results
from pages.shared import cache
from pages.shared.navigation import go_to, link_term
from pages.shared.session import record_test_view_once
from pages.shared.widgets import escape_markdown

# The metric that the headline puts in words.
_CHARTED: Final[dict[TaskKind, str]] = {
    "binary": "accuracy",
    "multiclass": "accuracy",
    "multilabel": "f1_micro",
    "regression": "mae",
}
_OUTCOMES: Final[dict[Outcome, str]] = {
    "useful": ":green-badge[:material/check_circle: Useful]",
    "limited": ":orange-badge[:material/rule: Useful with review]",
    "unclear": ":gray-badge[:material/help: Not known yet]",
    "not useful": ":red-badge[:material/block: Not useful yet]",
}


def show_verdict(view: RunView) -> None:
    """Draw the headline beside the score of each baseline, then an answer to each question, and the next step."""
    verdict = cache.verdict(*view.key)
    left, right = st.columns([3, 2], gap="large")
    with left:
        st.header(escape_markdown(verdict.headline), anchor=False)
        st.markdown(escape_markdown(" ".join(verdict.quality)))
        st.markdown(f"{_OUTCOMES[verdict.outcome]} **{escape_markdown(verdict.use)}**")
    with right:
        _show_scores(view)
    left, middle, right = st.columns(3)
    with left:
        _show_card("How sure is that?", (*verdict.certainty, *_test_views(view)))
    with middle:
        _show_card("Where does it fail?", verdict.weaknesses)
    with right:
        with st.container(border=True, gap="xsmall"):
            st.subheader("What comes next?", anchor=False)
            _show_next(view, verdict)
        _show_card(verdict.comparison_question, verdict.comparison)
    _show_label_fixes(view)


def _show_label_fixes(view: RunView) -> None:
    """Draw what label fixes since an earlier run brought, if any. On test rows it is a view of that run's, too."""
    fixes = cache.label_fixes(view.run, tuple(view.runs), view.split)
    if fixes is None:
        return
    if view.split == "test":
        record_test_view_once(fixes.earlier)
    _show_card(QUESTION, fixes.sentences)


def _show_card(question: str, sentences: Sequence[str]) -> None:
    """Draw a card with a question and its answer; nothing without an answer."""
    if sentences:
        with st.container(border=True, height="stretch", gap="xsmall"):
            st.subheader(question, anchor=False)
            for sentence in sentences:
                st.markdown(f":small[{escape_markdown(sentence)}]")


def _test_views(view: RunView) -> list[str]:
    if view.split != "test":
        return []
    return [f"The test results have been viewed {pluralize(view.run.count_test_views(), 'time')}."]


def _show_scores(view: RunView) -> None:
    """Draw the metric of the headline for the model and its baselines."""
    if not view.run.sizes[view.split] or not view.run.has_logits(view.split):
        return
    metric = METRICS[_CHARTED[view.run.task.kind]]
    titles = run_evaluation.available_predictions(view.run, view.split)
    scores = [
        {"source": titles[source], "value": estimate.value, "low": estimate.low, "high": estimate.high}
        for source, estimates in view.metric_estimates.items()
        for estimate in estimates
        if estimate.name == metric.name and source in titles
    ]
    st.caption(f"{metric.plain} ({metric.title})", help=f"{metric.help}\n\n{link_term(metric.name)}")
    frame = pd.DataFrame(scores, columns=["source", "value", "low", "high"])
    st.altair_chart(
        small_scores(frame, percent=metric.format == "percent"), alt=f"{metric.title} of the model and its baselines"
    )


def _show_next(view: RunView, verdict: Verdict) -> None:
    """The next step: the test results while they are closed, else what the evaluation advises."""
    if view.split == "validation" and view.run.sizes["test"]:
        rows = pluralize(view.run.sizes["test"], "test row")
        st.markdown(f":small[Measure it on the {rows} that it has not seen. Each view of the test results is counted.]")
        st.button(
            "Open the test results",
            type="primary",
            icon=":material/lock_open:",
            on_click=open_test_results,
            args=(view.run,),
            help="A model that is chosen by its test results looks better than it is. Choose by validation, then open them.",
        )
        return
    advice = verdict.advice
    st.markdown(f":small[{escape_markdown(advice.text)}]")
    if advice.place == "confidence":
        st.button(advice.action, icon=":material/tune:", on_click=_open_section, args=("Confidence",))
    elif st.button(advice.action, icon=":material/arrow_forward:"):
        go_to(advice.place)


def _open_section(title: str) -> None:
    st.session_state[SECTION] = title
