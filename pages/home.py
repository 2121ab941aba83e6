"""What this is, what exists so far, and the whole way in one click."""

import streamlit as st

from core.data.dataset import list_datasets
from core.data.samples import CLINIC
from core.evaluation.metrics.summary import MAIN_METRIC, TITLES
from core.experiments.launch import start_demo_run
from core.jobs import process
from core.runs import find_run, list_runs
from pages.shared.job_progress import show_progress
from pages.shared.navigation import link
from pages.shared.prediction import ask
from pages.shared.visitor import workspace
from pages.shared.widgets import header, remember_run

_QUICK = "quick_run_id"

header(
    "Finetune Studio",
    "Teach a language model to sort, tag or score texts the way you do, from examples of your own. "
    "You bring a table of labelled texts; the studio splits, trains, tests honestly and lets anyone try the result.",
)
space = workspace()
datasets, runs = list_datasets(space), list_runs(space)
finished = [run for run in runs if run.result()]
active = [run for run in runs if process.read_status(run.folder).active]

with st.grid(3):
    st.metric("Data sets", len(datasets), border=True)
    st.metric("Models ready", len(finished), border=True)
    st.metric("Trainings at work", len(active), border=True)

st.subheader("Try it now", anchor=False)
st.markdown(
    f"Trains a model on the sample *{CLINIC.title}* ({CLINIC.about.lower()}) in about a minute, then lets you try it."
)
if st.button("Try it now", type="primary", icon=":material/rocket_launch:", disabled=bool(active)):
    started = start_demo_run(space, CLINIC)
    st.session_state[_QUICK] = started.id
    remember_run(started.id)
    st.rerun()

quick = st.session_state.get(_QUICK) or (active[0].id if active else None)
if quick and any(run.id == quick for run in runs):
    # Remembered even where another tab started it, so that its end is shown here too.
    st.session_state[_QUICK] = quick
    run = find_run(space, quick)
    show_progress(run)
    result = run.result()
    if result and not process.read_status(run.folder).active:
        metric = MAIN_METRIC[run.task.kind]
        st.metric(
            f"{TITLES[metric]} on validation",
            f"{result.validation[metric]:.0%}",
            help="Measured on texts the training never saw. Evaluate shows the test set too.",
        )
        st.markdown("**Ask your model**")
        ask(run.model_folder, "home-text")
        with st.container(horizontal=True):
            link("evaluate", "How good is it?")
            link("predict", "Predict a whole file")

st.subheader("Or step by step", anchor=False)
_STEPS = {
    "data": "Upload a table or paste rows; choose the columns; see how it is split.",
    "train": "In seconds on a frozen encoder, or fine-tune the whole of it and watch.",
    "evaluate": "How often it is right, beside simple baselines, and where it errs.",
    "predict": "One text at a time, or a whole file to download.",
}
for column, (name, about) in zip(st.columns(4), _STEPS.items(), strict=True):
    with column:
        link(name, f"**{name.capitalize()}**")
        st.caption(about)
