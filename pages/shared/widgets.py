"""Small pieces every page is built from: errors, choices, text that came from users."""

import re
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import TypeVar

import pandas as pd
import streamlit as st

from core.data.dataset import Dataset
from core.errors import StudioError
from core.prediction.predict import escape_formulas
from core.runs import Run

_MARKDOWN = re.compile(r"([\\`*_{}\[\]()#+\-.!|<>~$:])")
_DATASET = "dataset_id"
_RUN = "run_id"


def plain(text: str) -> str:
    """``text`` so that Streamlit's Markdown shows it as it is: user text may not load pictures or links."""
    return _MARKDOWN.sub(r"\\\1", text)


def show_error(message: str, hint: str) -> None:
    """What was found, and what to do about it."""
    st.error(plain(message) + (f"  \n**{plain(hint)}**" if hint else ""), icon=":material/error:")


@contextmanager
def show_errors() -> Iterator[None]:
    """Show a StudioError that the body raises, and go on below it."""
    try:
        yield
    except StudioError as error:
        show_error(error.message, error.hint)


def header(title: str, about: str) -> None:
    """A page's title and its one sentence."""
    st.title(title, anchor=False)
    st.markdown(about)


def remember_dataset(identifier: str) -> None:
    """Make a data set the one that other pages show first."""
    st.session_state[_DATASET] = identifier


def remember_run(identifier: str) -> None:
    """Make a run the one that other pages show first."""
    st.session_state[_RUN] = identifier


def choose_dataset(datasets: Sequence[Dataset]) -> Dataset:
    """A select box over data sets that other pages agree with."""
    return _choose("Data set", datasets, _DATASET, lambda dataset: f"{dataset.name} ({dataset.rows:,} rows)")


def choose_run(runs: Sequence[Run]) -> Run:
    """A select box over runs that other pages agree with."""
    return _choose("Model", runs, _RUN, lambda run: f"{run.name}, {age(run)}")


Choice = TypeVar("Choice", Dataset, Run)


def _choose(label: str, options: Sequence[Choice], remembered_as: str, name: Callable[[Choice], str]) -> Choice:
    ids = [option.id for option in options]
    remembered = st.session_state.get(remembered_as)
    start = ids.index(remembered) if remembered in ids else 0
    chosen = st.selectbox(label, range(len(ids)), index=start, format_func=lambda i: name(options[i]))
    st.session_state[remembered_as] = ids[chosen]
    return options[chosen]


def age(run: Run) -> str:
    """When a run was made, as people write it."""
    return run.record.created[:16].replace("T", " ") + " UTC"


def record_test_view_once(run: Run) -> None:
    """Count a look at a run's test results, once a session."""
    looked = st.session_state.setdefault("looked_at", set())
    if run.id not in looked:
        run.record_test_view("evaluate page")
        looked.add(run.id)


def downloads(table: pd.DataFrame, name: str) -> None:
    """Two small buttons: the table as CSV and as JSON."""
    with st.container(horizontal=True):
        st.download_button(
            "CSV",
            data=lambda: escape_formulas(table).to_csv(index=False).encode("utf-8-sig"),
            file_name=f"{name}.csv",
            mime="text/csv",
            on_click="ignore",
            icon=":material/download:",
            type="tertiary",
            key=f"csv-{name}",
        )
        st.download_button(
            "JSON",
            data=lambda: (table.to_json(orient="records", force_ascii=False, indent=2) or "").encode(),
            file_name=f"{name}.json",
            mime="application/json",
            on_click="ignore",
            icon=":material/download:",
            type="tertiary",
            key=f"json-{name}",
        )


def duration(seconds: float) -> str:
    """Seconds as "40 s", "3 min 20 s" or "1 h 5 min"."""
    whole = max(0, round(seconds))
    if whole < 60:
        return f"{whole} s"
    minutes, rest = divmod(whole, 60)
    return f"{minutes} min {rest} s" if minutes < 60 else f"{minutes // 60} h {minutes % 60} min"
