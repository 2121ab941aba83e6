"""The live progress of a side job: a dataset analysis, a learning curve, a speed measurement."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import streamlit as st

from core.jobs import events, process, queue
from core.jobs.folder import JobFolder
from pages.shared.widgets import escape_markdown, show_error, show_errors

REFRESH = "1s"


@dataclass(frozen=True)
class JobTexts:
    """The texts on the screen for a job: its start button, a description, and a title for each of its phases."""

    button: str
    icon: str
    description: str
    phases: Mapping[str, str]


def show_job(job: JobFolder, texts: JobTexts) -> None:
    """Show a job without a result: its progress while it is active, otherwise how it ended and a start button.

    The page is rerun when the job starts and when it ends.
    """
    status = job.status()
    if status is not None and status.active:
        st.fragment(_show_progress, run_every=REFRESH)(job, texts)
        return
    if status is not None and status.message:
        if status.state == "stopped":
            st.info(escape_markdown(f"{status.message} {status.hint}"), icon=":material/stop_circle:")
        else:
            show_error(status.message, status.hint)
    st.caption(texts.description)
    if st.button(texts.button, icon=texts.icon):
        with show_errors():
            job.start()
            st.rerun()


def describe_wait(folder: Path) -> str:
    """What a queued job waits for: "Position 2 in the queue of this machine"."""
    position = queue.position(queue.home_of(folder), folder)
    return f"Position {position} in the queue of this machine" if position else "Starting …"


def _show_progress(job: JobFolder, texts: JobTexts) -> None:
    status = process.read_status(job.path)
    if not status.active:
        st.rerun()
    if status.state == "queued":
        st.progress(0.0, describe_wait(job.path))
    else:
        phase, progress = events.current_phase(events.read(job.path))
        share = min(1.0, progress.done / progress.total) if progress else 0.0
        st.progress(share, f"{texts.phases.get(phase, phase.capitalize())} …")
    if st.button("Stop", icon=":material/stop_circle:", key=f"stop-{job.path}"):
        queue.stop(job.path)
