"""Choose how to train, start it, watch it."""

from collections.abc import Sequence

import streamlit as st

from core.data.dataset import Dataset, list_datasets
from core.evaluation.metrics.summary import TITLES
from core.experiments import repeats
from core.experiments.launch import create_training_run
from core.experiments.tuning.search import list_searches
from core.jobs import process
from core.runs import Run, list_runs
from core.training.config import TrainingConfig
from pages.sections.train.estimate import show_estimate
from pages.sections.train.search import choose_search, show_searches
from pages.sections.train.settings import choose_settings
from pages.shared.job_progress import show_progress
from pages.shared.navigation import link
from pages.shared.visitor import workspace
from pages.shared.widgets import choose_dataset, header, plain, remember_run, show_errors

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
        count = 1 if how == _ONCE else int(st.number_input("How many", 2, repeats.MOST_RUNS, 5, key="repeats"))
        pressed = st.button("Start", type="primary", icon=":material/play_arrow:")
    if how in _ABOUT_REPEATS:
        st.caption(_ABOUT_REPEATS[how])
    if not pressed:
        return
    if how == _SEEDS:
        runs = repeats.create_seed_runs(workspace(), dataset, config, count)
    elif how == _FOLDS:
        runs = repeats.create_fold_runs(workspace(), dataset, config, count)
    else:
        runs = [create_training_run(workspace(), dataset, config)]
    process.start(*(run.folder for run in runs))
    remember_run(runs[0].id)
    st.session_state[_WATCHED] = [run.id for run in runs]


def show_group(runs: Sequence[Run]) -> None:
    """What several runs of one question came to."""
    found = repeats.summarize(runs)
    if found is None:
        return
    of = runs[0].record.group["of"]
    kind = "seeds" if runs[0].record.group["kind"] == "seeds" else "folds"
    st.markdown(
        f"**{TITLES[found.metric]} on validation, {len(found.values)} of {of} {kind}:** "
        f"mean {found.mean:.3f}, standard deviation {found.std:.3f}. Best: {plain(found.best.name)} "
        f"({max(found.values):.3f})."
    )
    if found.collapsed_runs:
        st.warning(
            f"{len(found.collapsed_runs)} of the runs fell far behind the best. Such a training is unstable: train longer, with a "
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
    with show_errors():
        dataset = choose_dataset(datasets)
        config = choose_settings(dataset)
        show_estimate(dataset, config)
        start(dataset, config)

if searches := list_searches(space):
    st.subheader("Searches", anchor=False)
    with show_errors():
        show_searches(searches)

runs = list_runs(space)
active = [run for run in runs if process.read_status(run.folder).active]
watched = st.session_state.get(_WATCHED, [])
shown = [run for run in runs if run in active or run.id in watched]
if shown:
    st.subheader("Now", anchor=False)
for members in repeats.groups([run for run in runs if run.record.group]).values():
    if any(run in shown for run in members):
        show_group(members)
for run in reversed(shown):
    show_progress(run)
    if run.id in watched and run.result() and run not in active:
        with st.container(horizontal=True):
            link("evaluate", "How good is it?")
            link("predict", "Try it")
