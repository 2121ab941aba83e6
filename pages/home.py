"""Home: what the app does, what the workspace contains, and a demo that trains a model with one click."""

import math

import streamlit as st

from core.data.dataset import list_datasets
from core.data.samples import CLINIC
from core.evaluation.metrics.definitions import MAIN_METRIC, METRICS
from core.experiments.launch import start_demo_run
from core.jobs import process
from core.runs import Run, list_runs
from pages.shared.navigation import link
from pages.shared.prediction import Model, show_as_json, show_prediction_form
from pages.shared.run_progress import show_run_progress
from pages.shared.session import remember_run
from pages.shared.visitor import workspace
from pages.shared.widgets import page_header

_DEMO_RUN = "demo_run_id"
_STEPS = {
    "data": "Upload a table or paste rows, choose the columns, and check the texts.",
    "train": "Train on a frozen encoder in seconds, or fine-tune the whole encoder.",
    "evaluate": "See how accurate the model is, compared with simple baselines, and where it makes mistakes.",
    "predict": "Predict one text at a time, or a whole file.",
}


def show_result(run: Run) -> None:
    """The validation score of a finished run, and a form to try its model."""
    result = run.result()
    if result is None or process.read_status(run.folder).active:
        return
    metric = METRICS[MAIN_METRIC[run.task.kind]]
    st.metric(
        f"{metric.title} on validation",
        metric.format_value(result.validation.get(metric.name, math.nan)),
        help="Computed on rows that the model was not trained on. Evaluate shows the test results too.",
    )
    st.markdown("**Try your model**")
    prediction = show_prediction_form(Model(run.name, run.model_folder, run), "home-text")
    if prediction is not None:
        show_as_json(prediction)
    with st.container(horizontal=True):
        link("evaluate", "Evaluate the model")
        link("predict", "Explain, correct, or predict a file")


page_header(
    "Finetune Studio",
    "Fine-tune a language model to classify, tag, or score texts with your own examples. Upload a table of labeled "
    "texts. Finetune Studio checks and splits them, trains a model, evaluates it, and lets anyone try it.",
)
runs = list_runs(workspace())
active_runs = [run for run in runs if process.read_status(run.folder).active]
with st.grid(3):
    st.metric("Datasets", len(list_datasets(workspace())), border=True)
    st.metric("Trained models", sum(run.result() is not None for run in runs), border=True)
    st.metric("Running", len(active_runs), border=True)

st.subheader("Try it now", anchor=False)
st.markdown(f"Train a model on the sample *{CLINIC.title}* in about a minute, then try it.")
if st.button("Try it now", type="primary", icon=":material/rocket_launch:", disabled=bool(active_runs)):
    demo_run = start_demo_run(workspace(), CLINIC)
    st.session_state[_DEMO_RUN] = demo_run.id
    remember_run(demo_run.id)
    st.rerun()

# A run that another tab started is remembered too, so that its result is shown here.
shown_id = st.session_state.get(_DEMO_RUN) or (active_runs[0].id if active_runs else None)
for run in runs:
    if run.id == shown_id:
        st.session_state[_DEMO_RUN] = run.id
        show_run_progress(run)
        show_result(run)

st.subheader("Step by step", anchor=False)
for column, (name, description) in zip(st.columns(len(_STEPS)), _STEPS.items(), strict=True):
    with column:
        link(name, f"**{name.capitalize()}**")
        st.caption(description)
