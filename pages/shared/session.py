"""What a browser session remembers: the dataset and run to select first, viewed test results, engines. Names only."""

from pathlib import Path

import streamlit as st

from core.runs import Run

# The keys of the choices of a source and of a sample on Data.
SOURCE, SAMPLE = "data_source", "sample"
UPLOAD = "Upload"
_DATASET, _RUN, _VIEWED, _ENGINES = "dataset_id", "run_id", "viewed_test_results", "pinned_engines"


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
        viewed.add(run.id)
        run.record_test_view("evaluate page")


def choose_sample_first(index: int) -> None:
    """Make a sample the one that Data shows first."""
    st.session_state[SAMPLE] = index
    st.session_state.pop(SOURCE, None)


def choose_upload_first() -> None:
    """Make the upload of files the source that Data shows first."""
    st.session_state[SOURCE] = UPLOAD


def pinned_engine(model_folder: Path) -> str:
    """The prediction engine that this session chose for a model; empty for the one that is chosen for this host."""
    engines: dict[Path, str] = st.session_state.get(_ENGINES, {})
    return engines.get(model_folder, "")


def pin_engine(model_folder: Path, engine: str) -> None:
    """Choose a prediction engine for a model in this session; an empty name takes the choice back."""
    st.session_state.setdefault(_ENGINES, {})[model_folder] = engine
