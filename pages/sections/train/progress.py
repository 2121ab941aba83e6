"""The runs that train now or were started in this session: their progress, and what to do when they have ended."""

from collections.abc import Sequence

import streamlit as st

from core.evaluation.metrics.definitions import METRICS
from core.experiments import repeats
from core.formatting import pluralize
from core.jobs import process
from core.runs import Run
from pages.sections.train.code import show_run_code
from pages.shared.deep_link import show_in_address
from pages.shared.model_download import show_download
from pages.shared.navigation import go_to
from pages.shared.run_progress import show_run_progress
from pages.shared.session import remember_run
from pages.shared.widgets import escape_markdown

_WATCHED, _FORM = "watched_run_ids", "show_training_form"


def watch(runs: Sequence[Run]) -> None:
    """Show the progress of these runs instead of the form, also after the page is loaded again."""
    remember_run(runs[0].id)
    show_in_address("run", runs[0].id)
    st.session_state[_WATCHED] = [run.id for run in runs]
    st.session_state[_FORM] = False


def watched_runs(runs: Sequence[Run]) -> list[Run]:
    """The active runs and those that the address names, newest first; none while the form is wanted."""
    if is_form_wanted():
        return []
    linked, watched = st.query_params.get("run"), st.session_state.get(_WATCHED, [])
    named = watched if linked in watched else [linked]
    return [run for run in runs if run.id in named or process.read_status(run.folder).active]


def is_form_wanted() -> bool:
    """Whether the visitor asked for the form although there is something to watch."""
    return bool(st.session_state.get(_FORM))


def show_runs(shown: Sequence[Run], runs: Sequence[Run]) -> None:
    """The progress or the results of runs, the summary of their group, and the next steps."""
    ids = {run.id for run in shown}
    for group in repeats.runs_by_group(runs).values():
        if any(run.id in ids for run in group):
            _show_group(group)
    for run in shown:
        show_run_progress(run)
    if st.query_params.get("run") not in ids:
        show_in_address("run", shown[0].id)
    finished = [run for run in shown if run.result() is not None and not process.read_status(run.folder).active]
    with st.container(horizontal=True):
        if finished:
            _show_next_steps(finished[0])
        show_form_button()
    if finished:
        show_run_code(finished[0])


def show_form_button() -> None:
    """A button that brings the form back."""
    st.button("Train with other settings", icon=":material/tune:", on_click=_want_form)


def show_way_back(runs: Sequence[Run]) -> None:
    """While the form is wanted although a run is active: a button that leads back to its progress."""
    if is_form_wanted() and any(process.read_status(run.folder).active for run in runs):
        st.button("Show what is training now", icon=":material/monitoring:", on_click=_want_progress)


def _show_next_steps(run: Run) -> None:
    for page, label, kind in (("evaluate", "Evaluate the model", "primary"), ("predict", "Try the model", "secondary")):
        if st.button(label, type="primary" if kind == "primary" else "secondary", key=f"{page}-{run.id}"):
            remember_run(run.id)
            go_to(page)
    show_download(run)


def _want_form() -> None:
    st.session_state[_FORM] = True
    st.query_params.clear()


def _want_progress() -> None:
    st.session_state[_FORM] = False


def _show_group(runs: Sequence[Run]) -> None:
    """Mean and spread of the validation scores of runs that were started together."""
    summary, group = repeats.summarize(runs), runs[0].group
    if summary is None or group is None:
        return
    st.markdown(
        f"**{METRICS[summary.metric].title} on validation, {len(summary.values)} of {group.size} {group.kind}:** "
        f"mean {summary.mean:.3f}, standard deviation {summary.std:.3f}. "
        f"Best run: {escape_markdown(summary.best.name)} ({max(summary.values):.3f})."
    )
    if summary.collapsed_runs:
        st.warning(
            f"{pluralize(len(summary.collapsed_runs), 'run')} scored far below the best one: training is unstable. "
            "Train longer, or use a lower learning rate or a longer warmup.",
            icon=":material/warning:",
        )
