"""Choose how to train, start it, watch it."""

from collections.abc import Sequence

import streamlit as st

from core.data.dataset import Dataset, list_datasets
from core.evaluation.metrics import TITLES
from core.jobs import process
from core.runs import Run, list_runs
from core.training import repeat
from core.training.config import TrainingConfig
from core.training.launch import prepare
from core.training.search import list_searches
from pages.shared.navigation import link
from pages.shared.planning import show_plan
from pages.shared.progress import show_progress
from pages.shared.searching import choose_search, show_searches
from pages.shared.settings import choose_settings
from pages.shared.ui import choose_dataset, errors_shown, header, plain, remember_run
from pages.shared.visitor import workspace

_WATCHED = "watched_run_ids"
_ONCE, _SEEDS, _FOLDS, _SEARCH = "Once", "With several seeds", "Cross-validation", "Search for better settings"
_ABOUT_REPEATS = {
    _SEEDS: "The same training with other seeds: how much of a score is luck.",
    _FOLDS: "Each run validates on another part of the train and validation rows; the test rows stay locked. For small data.",
}


def start(dataset: Dataset, config: TrainingConfig) -> None:
    """Ask how often, and start."""
    ways = [_ONCE, _SEEDS, _FOLDS, *([_SEARCH] if config.method == "fine-tune" else [])]
    how = st.selectbox("Train", ways, key="repeat") or _ONCE
    if how == _SEARCH:
        choose_search(dataset, config)
        return
    with st.container(horizontal=True, vertical_alignment="bottom"):
        count = 1 if how == _ONCE else int(st.number_input("How many", 2, repeat.MOST_RUNS, 5, key="repeats"))
        pressed = st.button("Start", type="primary", icon=":material/play_arrow:")
    if how in _ABOUT_REPEATS:
        st.caption(_ABOUT_REPEATS[how])
    if not pressed:
        return
    if how == _SEEDS:
        runs = repeat.with_seeds(workspace(), dataset, config, count)
    elif how == _FOLDS:
        runs = repeat.with_folds(workspace(), dataset, config, count)
    else:
        runs = [prepare(workspace(), dataset, config)]
    process.start(*(run.folder for run in runs))
    remember_run(runs[0].id)
    st.session_state[_WATCHED] = [run.id for run in runs]


def show_group(runs: Sequence[Run]) -> None:
    """What several runs of one question came to."""
    found = repeat.summarise(runs)
    if found is None:
        return
    of = runs[0].record.group["of"]
    kind = "seeds" if runs[0].record.group["kind"] == "seeds" else "folds"
    st.markdown(
        f"**{TITLES[found.metric]} on validation, {len(found.values)} of {of} {kind}:** "
        f"mean {found.mean:.3f}, standard deviation {found.spread:.3f}. Best: {plain(found.best.name)} "
        f"({max(found.values):.3f})."
    )
    if found.collapsed:
        st.warning(
            f"{len(found.collapsed)} of the runs fell far behind the best. Such a training is unstable: train longer, with a "
            "smaller learning rate or a longer warm-up.",
            icon=":material/warning:",
        )


header(
    "Train", "Teach a model from a data set. It goes on when you close this page, and shows here when you come back."
)
space = workspace()
datasets = list_datasets(space)
if not datasets:
    st.info("There is no data set yet. Bring one in first, or pick a sample.", icon=":material/info:")
    link("data", "Go to Data")
else:
    with errors_shown():
        dataset = choose_dataset(datasets)
        config = choose_settings(dataset)
        show_plan(dataset, config)
        start(dataset, config)

if searches := list_searches(space):
    st.subheader("Searches", anchor=False)
    with errors_shown():
        show_searches(searches)

runs = list_runs(space)
active = [run for run in runs if process.read_status(run.folder).active]
watched = st.session_state.get(_WATCHED, [])
shown = [run for run in runs if run in active or run.id in watched]
if shown:
    st.subheader("Now", anchor=False)
for members in repeat.groups([run for run in runs if run.record.group]).values():
    if any(run in shown for run in members):
        show_group(members)
for run in reversed(shown):
    show_progress(run)
    if run.id in watched and run.result() and run not in active:
        with st.container(horizontal=True):
            link("evaluate", "How good is it?")
            link("predict", "Try it")
