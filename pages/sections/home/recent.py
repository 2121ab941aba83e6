"""What somebody who comes back needs on Home: the run that trains now, the last models, and the next step."""

from collections.abc import Sequence

import streamlit as st

from core.evaluation.metrics.definitions import MAIN_METRIC, METRICS
from core.jobs import process
from core.runs import MODEL, Run
from pages.shared import cache
from pages.shared.navigation import go_to, link
from pages.shared.prediction import Model, show_prediction_form
from pages.shared.run_progress import show_run_progress
from pages.shared.session import remember_run
from pages.shared.widgets import creation_time, escape_markdown, show_errors

_SHOWN_MODELS = 3


def show_progress(runs: Sequence[Run], started_id: str | None) -> None:
    """The progress of the active runs; of the run that this session started also the outcome, with a form to try it."""
    for run in runs:
        if process.read_status(run.folder).active:
            show_run_progress(run)
        elif run.id == started_id:
            show_run_progress(run)
            _show_form(run)


def _show_form(run: Run) -> None:
    if run.result() is None:
        return
    st.markdown("**Try your model**")
    show_prediction_form(Model(run.name, run.model_folder, run), "home-text")
    with st.container(horizontal=True):
        link("evaluate", "Evaluate the model")
        link("predict", "Explain, correct, or predict a file")


def show_last_models(runs: Sequence[Run]) -> None:
    """A card for each of the last models with its main metric, and links to evaluate it and to predict with it."""
    finished = [run for run in runs if run.result() is not None and not process.read_status(run.folder).active]
    if not finished:
        return
    st.header("Your last models", anchor=False)
    for column, run in zip(st.columns(_SHOWN_MODELS), finished, strict=False):
        with column, st.container(border=True, height="stretch"):
            _show_model(run)


def _show_model(run: Run) -> None:
    st.markdown(f"**{escape_markdown(run.name)}**")
    with show_errors():
        _show_score(run)
    with st.container(horizontal=True):
        for page, label in (("evaluate", "Evaluate"), ("predict", "Predict")):
            if st.button(label, key=f"{page}-{run.id}"):
                remember_run(run.id)
                go_to(page)


def _show_score(run: Run) -> None:
    metric = METRICS[MAIN_METRIC[run.task.kind]]
    estimates = cache.metric_estimates(run, "validation").get(MODEL, [])
    estimate = next((estimate for estimate in estimates if estimate.name == metric.name), None)
    if estimate is not None:
        low, high = metric.format_value(estimate.low), metric.format_value(estimate.high)
        st.metric(f"{metric.title} on validation", metric.format_value(estimate.value))
        st.caption(f"95% interval {low} to {high} on {estimate.rows:,} rows. Made {creation_time(run)}.")
