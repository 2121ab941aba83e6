"""Hyperparameter search: its settings, its trials, the importance of each setting, and the best trial."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import pandas as pd
import streamlit as st

from core.charts import training as training_charts
from core.data.dataset import Dataset
from core.evaluation.metrics.definitions import METRICS
from core.experiments.tuning.search import MAX_TRIALS, Search, create_best_run, create_search
from core.experiments.tuning.space import SEARCH_RANGES, SearchRange
from core.formatting import pluralize
from core.jobs import dispatcher, process, queue
from core.training.config import TrainingConfig
from pages.sections.train.progress import watch
from pages.shared.visitor import workspace
from pages.shared.widgets import escape_markdown, show_error, show_errors

_DEFAULT_SETTINGS = ("learning_rate", "epochs", "batch_size")
_STARTED = "started_search_id"
_REFRESH_SECONDS = 2.0


@dataclass(frozen=True)
class SearchPlan:
    """A search that is ready to start."""

    trials: int
    start: Callable[[], None]


def choose_search(dataset: Dataset, config: TrainingConfig) -> SearchPlan:
    """The choice of the settings to search, their ranges and the number of trials."""
    st.caption(
        "Each trial is a fine-tuning run, scored on the validation rows. Trials with poor scores are stopped early. "
        "Settings that are not searched keep the values above."
    )
    names = st.multiselect("Settings to search", list(SEARCH_RANGES), list(_DEFAULT_SETTINGS), format_func=_title)
    ranges = [_choose_range(SEARCH_RANGES[name], dataset.id) for name in names]
    trials = int(st.number_input("Trials", 1, MAX_TRIALS, 20, key="trials"))

    def start() -> None:
        queue.check_room(workspace().searches)
        search = create_search(workspace(), dataset, config, ranges, trials)
        dispatcher.submit(search.folder, command="search")
        st.session_state[_STARTED] = search.id

    return SearchPlan(trials, start)


def is_current(search: Search) -> bool:
    """Whether a search is active or was started in this session."""
    return search.id == st.session_state.get(_STARTED) or search.status().active


def _choose_range(default: SearchRange, key: str) -> SearchRange:
    def bound(place: "st.delta_generator.DeltaGenerator", name: str, value: float) -> float:
        title, widget_key = f"{_title(default.name)}, {name}", f"{default.name}-{name}-{key}"
        if default.scale == "whole":
            return place.number_input(title, value=int(value), step=1, key=widget_key)
        digits = "%.1e" if default.scale == "log" else None
        return place.number_input(title, value=float(value), format=digits, key=widget_key)

    left, right = st.columns(2)
    low, high = bound(left, "minimum", default.low), bound(right, "maximum", default.high)
    return SearchRange(default.name, low, high, default.scale)


def show_searches(searches: Sequence[Search]) -> None:
    """Show active searches and the one started in this session in full, and the others in expanders."""
    for search in searches:
        with show_errors():
            active = search.status().active
            if is_current(search):
                st.fragment(_show, run_every=_REFRESH_SECONDS if active else None)(search, active)
            else:
                with st.expander(f":material/travel_explore: {escape_markdown(search.name)}"):
                    _show(search, False)


def _show(search: Search, was_active: bool) -> None:
    status = search.status()
    if was_active and not status.active:
        st.rerun()
    trials = search.table()
    ended = int((trials["state"] != "running").sum()) if len(trials) else 0
    with st.container(border=True):
        with st.container(horizontal=True, vertical_alignment="center", horizontal_alignment="distribute"):
            st.markdown(f"**{escape_markdown(search.name)}**: {ended} of {pluralize(search.trials, 'trial')}")
            _show_buttons(search, status, ended)
        if status.state in ("failed", "died"):
            show_error(status.message, status.hint)
        if len(trials):
            _show_trials(search, trials)


def _show_buttons(search: Search, status: process.Status, ended: int) -> None:
    if status.active:
        if st.button("Stop", icon=":material/stop_circle:", key=f"stop-{search.id}"):
            queue.stop(search.folder)
    elif ended < search.trials and st.button("Continue", icon=":material/replay:", key=f"continue-{search.id}"):
        dispatcher.submit(search.folder, command="search")
        st.rerun()
    if search.best() is not None and st.button(
        "Train with the best settings", icon=":material/trophy:", key=f"best-{search.id}", type="primary"
    ):
        queue.check_room(workspace().runs)
        run = create_best_run(workspace(), search)
        dispatcher.submit(run.folder)
        watch([run])
        st.rerun(scope="app")


def _show_trials(search: Search, trials: pd.DataFrame) -> None:
    metric = METRICS[search.metric].title
    by_score = trials.sort_values("value", ascending=False, na_position="last")
    st.dataframe(by_score.rename(columns={"value": metric}), hide_index=True, height=220, alt="Trials, best first")
    optimism = search.optimism(trials)
    if optimism is not None:
        st.caption(
            f"The best score is the luckiest of {pluralize(len(trials), 'trial')} too: expect about {100 * optimism:.1f} points "
            "less on new texts. The test rows, which no trial has seen, tell after training with the best settings."
        )
    scored = trials.dropna(subset=["value"])
    if len(scored) < 2:
        return
    left, right = st.columns(2)
    with left:
        st.caption(f"{metric} of each trial, and the best score so far")
        st.altair_chart(
            training_charts.search_history(scored, metric), alt="Score of each trial", key=f"history-{search.id}"
        )
    with right:
        _show_importance(search)
    titles = {setting.name: _title(setting.name) for setting in search.space}
    st.caption("Each line is a trial. Trials with better scores have stronger lines.")
    st.altair_chart(
        training_charts.parallel_coordinates(scored.rename(columns=titles), list(titles.values())),
        alt="Settings of each trial",
        key=f"parallel-{search.id}",
    )


def _show_importance(search: Search) -> None:
    importance = search.importance()
    if not importance:
        st.text("The importance of each setting is shown after five completed trials.")
        return
    st.caption("Importance of each setting")
    shares = pd.DataFrame([(_title(name), share) for name, share in importance.items()], columns=["setting", "share"])
    st.altair_chart(
        training_charts.parameter_importance(shares), alt="Importance of each setting", key=f"importance-{search.id}"
    )


def _title(name: str) -> str:
    return name.replace("_", " ")
