"""The sidebar: the four steps with what is done and what comes next, and the training that runs now."""

import streamlit as st
from streamlit.delta_generator import DeltaGenerator

from core.data.dataset import list_datasets
from core.formatting import pluralize
from core.jobs import process
from core.runs import Run, list_runs
from core.workflow import STEPS, Step, Workflow, find_workflow
from pages.shared.navigation import link
from pages.shared.run_progress import describe_phase
from pages.shared.session import remembered_dataset, remembered_run
from pages.shared.sign_in import show_sign_in
from pages.shared.visitor import is_local, workspace
from pages.shared.widgets import escape_markdown

_REFRESH = "2s"
_SHOWN_CHARACTERS = 34
NEXT_STEPS: dict[Step, str] = {
    "data": "Choose a dataset",
    "train": "Train a model",
    "evaluate": "See how good the model is",
    "predict": "Predict new texts",
}


def current_workflow() -> Workflow:
    """The visitor's workflow, with the dataset and the run that the pages select first."""
    here = workspace()
    return find_workflow(list_datasets(here), list_runs(here), remembered_dataset(), remembered_run())


def show_links() -> dict[Step, DeltaGenerator]:
    """Show the links to all pages in the sidebar; returns a placeholder below each step, for ``show_state``."""
    slots = {}
    with st.sidebar:
        link("home", "Home")
        for number, step in enumerate(STEPS, start=1):
            link(step, f"{number}  {step.capitalize()}")
            slots[step] = st.container(key=f"step-{step}")
        link("models", "Models")
        link("learn", "Learn")
        link("workspace", "Your data")
        if not is_local():
            show_sign_in()
    return slots


def show_state(slots: dict[Step, DeltaGenerator], workflow: Workflow) -> None:
    """Fill the placeholders with what is done and what comes next, and show what trains now below the links."""
    for step, slot in slots.items():
        if step == workflow.next_step:
            label = NEXT_STEPS[step]
            slot.markdown(f":small[:primary[**Next: {label[0].lower()}{label[1:]}**]]")
        elif text := _describe(step, workflow):
            slot.caption(text)
    with st.sidebar:
        for run in workflow.active:
            st.fragment(_show_active, run_every=_REFRESH)(run)


def _describe(step: Step, workflow: Workflow) -> str:
    if step == "data" and workflow.dataset is not None:
        dataset = workflow.dataset
        return f":material/check: {_shorten(dataset.name)}, {pluralize(dataset.rows, 'row')}"
    if step == "train" and workflow.model is not None:
        return f":material/check: {_shorten(workflow.model.name)}"
    return ":material/check: Test results viewed" if step == "evaluate" and workflow.evaluated else ""


def _show_active(run: Run) -> None:
    status = process.read_status(run.folder)
    with st.container(border=True, key=f"active-{run.id}"):
        st.caption(f"**{_shorten(run.name)}**")
        if not status.active:
            st.caption("Finished." if status.state == "finished" else "Ended.")
            return
        share, text = describe_phase(run, status)
        st.progress(share, text)


def _shorten(name: str) -> str:
    short = name if len(name) <= _SHOWN_CHARACTERS else name[: _SHOWN_CHARACTERS - 1].rstrip() + "…"
    return escape_markdown(short)
