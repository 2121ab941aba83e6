"""What a browser session remembers: the dataset and the run to select first, and the test results it has viewed. Ids only."""

import streamlit as st

from core.runs import Run

_DATASET, _RUN, _VIEWED = "dataset_id", "run_id", "viewed_test_results"


def remembered_dataset() -> str | None:
    """The id of the dataset that pages select first."""
    return st.session_state.get(_DATASET)


def remember_dataset(identifier: str) -> None:
    """Make a dataset the one that pages select first."""
    st.session_state[_DATASET] = identifier


def remembered_run() -> str | None:
    """The id of the run that pages select first."""
    return st.session_state.get(_RUN)


def remember_run(identifier: str) -> None:
    """Make a run the one that pages select first."""
    st.session_state[_RUN] = identifier


def record_test_view_once(run: Run) -> None:
    """Record a view of the run's test results, once per session."""
    viewed = st.session_state.setdefault(_VIEWED, set())
    if run.id not in viewed:
        run.record_test_view("evaluate page")
        viewed.add(run.id)
