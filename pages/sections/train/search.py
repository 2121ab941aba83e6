"""Search for better settings: the space, the trials as they come, what mattered, the best."""

from collections.abc import Sequence

import pandas as pd
import streamlit as st

from core.charts import data as data_charts
from core.data.dataset import Dataset
from core.evaluation.metrics.summary import TITLES
from core.experiments.tuning.search import MOST_TRIALS, Search, create_best_run, create_search
from core.experiments.tuning.space import USUAL, SearchRange
from core.jobs import process
from core.training.config import TrainingConfig
from pages.shared.visitor import workspace
from pages.shared.widgets import plain, remember_run, show_error

_USUALLY = ("learning_rate", "epochs", "batch_size")
_STARTED = "started_search_id"


def choose_search(dataset: Dataset, config: TrainingConfig) -> None:
    """The settings to search with their ranges, the number of trials, and the button that starts it."""
    st.caption(
        "Each trial is a real fine-tuning, judged on the validation rows; poor ones are ended early. What is not searched stays "
        "as it is set above."
    )
    names = st.multiselect("Search these settings", list(USUAL), list(_USUALLY), format_func=_title)
    space = [_range(USUAL[name], dataset.id) for name in names]
    with st.container(horizontal=True, vertical_alignment="bottom"):
        trials = st.number_input("Trials", 1, MOST_TRIALS, 20, key="trials")
        if st.button("Start the search", type="primary", icon=":material/travel_explore:"):
            search = create_search(workspace(), dataset, config, space, int(trials))
            process.start(search.folder, command="search")
            st.session_state[_STARTED] = search.id


def _range(usual: SearchRange, key: str) -> SearchRange:
    left, right = st.columns(2)
    whole = usual.scale == "whole"
    form = "%.1e" if usual.scale == "log" else None

    def end(place: "st.delta_generator.DeltaGenerator", word: str, value: float) -> float:
        title = f"{_title(usual.name)}, {word}"
        if whole:
            return place.number_input(title, value=int(value), step=1, key=f"{usual.name}-{word}-{key}")
        return place.number_input(title, value=float(value), format=form, key=f"{usual.name}-{word}-{key}")

    return SearchRange(usual.name, end(left, "lowest", usual.low), end(right, "highest", usual.high), usual.scale)


def show_searches(searches: Sequence[Search]) -> None:
    """Those that are at work or were started just now in full, the others folded."""
    for search in searches:
        active = search.status().active
        if active or search.id == st.session_state.get(_STARTED):
            st.fragment(_show, run_every=2.0 if active else None)(search, active)
        else:
            with st.expander(f":material/travel_explore: {plain(search.name)}"):
                _show(search, False)


def _show(search: Search, was_active: bool) -> None:
    status = search.status()
    if was_active and not status.active:
        st.rerun()
    table = search.table()
    ended = int((table["state"] != "running").sum()) if len(table) else 0
    with st.container(border=True):
        with st.container(horizontal=True, vertical_alignment="center", horizontal_alignment="distribute"):
            st.markdown(f"**{plain(search.name)}**: {ended} of {search.trials} trials")
            _buttons(search, status, ended)
        if status.state in ("failed", "died"):
            show_error(status.message, status.hint)
        if len(table):
            _charts(search, table)


def _buttons(search: Search, status: process.Status, ended: int) -> None:
    if status.active:
        if st.button("Stop", icon=":material/stop_circle:", key=f"stop-{search.id}"):
            process.stop(search.folder)
    elif ended < search.trials and st.button("Go on", icon=":material/replay:", key=f"go-on-{search.id}"):
        process.start(search.folder, command="search")
        st.rerun()
    if search.best() is not None and st.button(
        "Train with the best", icon=":material/trophy:", key=f"best-{search.id}", type="primary"
    ):
        run = create_best_run(workspace(), search)
        process.start(run.folder)
        remember_run(run.id)
        st.rerun(scope="app")


def _charts(search: Search, table: pd.DataFrame) -> None:
    metric = TITLES[search.metric]
    shown = table.sort_values("value", ascending=False, na_position="last")
    st.dataframe(shown.rename(columns={"value": metric}), hide_index=True, height=220, alt="Trials, the best first")
    valued = table.dropna(subset=["value"])
    if len(valued) < 2:
        return
    left, right = st.columns(2)
    with left:
        st.caption(f"{metric} of each trial, and the best so far")
        st.altair_chart(
            data_charts.search_history(valued, metric), alt="Value of each trial", key=f"history-{search.id}"
        )
    importance = search.importance()
    with right:
        if importance:
            st.caption("How much each setting mattered")
            named = pd.DataFrame(
                [(_title(name), share) for name, share in importance.items()], columns=["setting", "share"]
            )
            st.altair_chart(data_charts.importance(named), alt="Importance of settings", key=f"importance-{search.id}")
        else:
            st.text("What mattered shows after five finished trials.")
    names = [dimension.name for dimension in search.space]
    st.caption("Each line is a trial; the better, the stronger")
    st.altair_chart(
        data_charts.parallel_coordinates(
            valued.rename(columns={n: _title(n) for n in names}), [_title(n) for n in names]
        ),
        alt="Settings of each trial",
        key=f"parallel-{search.id}",
    )


def _title(name: str) -> str:
    return name.replace("_", " ")
