"""Runs without a model that do not train any more: killed, failed or stopped before there was one. They can be resumed."""

from collections.abc import Sequence

import streamlit as st

from core.jobs import dispatcher, process
from core.runs import Run
from pages.shared.session import remember_run
from pages.shared.widgets import delete_button, escape_markdown, show_errors

_SHOWN = 3


def interrupted_runs(runs: Sequence[Run]) -> list[Run]:
    """The runs that have no model and are not active, in the same order."""
    without_model = [run for run in runs if run.source == "trained" and run.result() is None]
    return [run for run in without_model if not process.read_status(run.folder).active]


def resume_button(run: Run) -> None:
    """A button that puts a run into the queue again."""
    if st.button(
        "Resume",
        icon=":material/replay:",
        key=f"resume-{run.id}",
        help="Continues from the last checkpoint. Without a checkpoint, training starts over.",
    ):
        with show_errors():
            dispatcher.submit(run.folder)
            remember_run(run.id)
            st.rerun()


def show_interrupted(runs: Sequence[Run]) -> None:
    """The newest interrupted runs, each with what happened and buttons that resume and delete it."""
    for run in interrupted_runs(runs)[:_SHOWN]:
        status = process.read_status(run.folder)
        with st.container(border=True, key=f"interrupted-{run.id}"):
            st.markdown(f":orange[:material/warning:] **{escape_markdown(run.name)}** has no model yet.")
            st.caption(escape_markdown(status.message))
            with st.container(horizontal=True):
                resume_button(run)
                delete_button(run.folder, run.name, "This deletes its checkpoints and settings. The dataset is kept.")
