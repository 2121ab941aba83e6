"""Train: choose the settings, start one or several runs, and watch them."""

from collections.abc import Sequence

import streamlit as st

from core.data.dataset import Dataset, list_datasets
from core.evaluation.metrics.definitions import METRICS
from core.experiments import repeats
from core.experiments.launch import create_training_run
from core.experiments.tuning.search import damaged_searches, list_searches
from core.formatting import pluralize
from core.jobs import process
from core.runs import Run, list_runs
from core.training.config import TrainingConfig
from pages.sections.train.estimate import show_estimate
from pages.sections.train.search import choose_search, show_searches
from pages.sections.train.settings import choose_settings
from pages.shared.navigation import link
from pages.shared.run_progress import show_run_progress
from pages.shared.session import remember_run
from pages.shared.visitor import workspace
from pages.shared.widgets import choose_dataset, escape_markdown, page_header, show_damaged, show_errors

_WATCHED = "watched_run_ids"
_SINGLE, _SEEDS, _FOLDS, _SEARCH = "Single", "Several seeds", "Cross-validation", "Hyperparameter search"
_DESCRIPTIONS = {
    _SEEDS: "Trains with different seeds to show how much of a score is due to chance.",
    _FOLDS: "Each run validates on a different part of the training and validation rows. The test rows stay unused. "
    "Useful for small datasets.",
}


def choose_runs(dataset: Dataset, config: TrainingConfig) -> None:
    """Choose how many runs to train with these settings, and start them."""
    options = [_SINGLE, _SEEDS, _FOLDS, *([_SEARCH] if config.method == "fine-tune" else [])]
    option = st.selectbox("Runs", options, key="runs") or _SINGLE
    if option == _SEARCH:
        choose_search(dataset, config)
        return
    if option in _DESCRIPTIONS:
        st.caption(_DESCRIPTIONS[option])
    with st.container(horizontal=True, vertical_alignment="bottom"):
        count = 1
        if option != _SINGLE:
            count = int(st.number_input("Number of runs", 2, repeats.MAX_RUNS, 5, key="run-count"))
        if st.button("Start", type="primary", icon=":material/play_arrow:"):
            start_runs(create_runs(dataset, config, option, count))


def create_runs(dataset: Dataset, config: TrainingConfig, option: str, count: int) -> list[Run]:
    """New runs that are ready to start."""
    if option == _SEEDS:
        return repeats.create_seed_runs(workspace(), dataset, config, count)
    if option == _FOLDS:
        return repeats.create_fold_runs(workspace(), dataset, config, count)
    return [create_training_run(workspace(), dataset, config)]


def start_runs(runs: Sequence[Run]) -> None:
    """Start runs one after the other, and show them on this page."""
    process.start(*(run.folder for run in runs))
    remember_run(runs[0].id)
    st.session_state[_WATCHED] = [run.id for run in runs]


def show_group(runs: Sequence[Run]) -> None:
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


def show_runs(runs: Sequence[Run]) -> None:
    """The active runs and those that were started in this session, newest last."""
    active_ids = {run.id for run in runs if process.read_status(run.folder).active}
    watched_ids = st.session_state.get(_WATCHED, [])
    shown_ids = active_ids.union(watched_ids)
    shown = [run for run in runs if run.id in shown_ids]
    if not shown:
        return
    st.subheader("Current runs", anchor=False)
    for group in repeats.runs_by_group(runs).values():
        if any(run.id in shown_ids for run in group):
            show_group(group)
    for run in reversed(shown):
        show_run_progress(run)
        if run.id in watched_ids and run.id not in active_ids and run.result():
            with st.container(horizontal=True):
                link("evaluate", "Evaluate the model")
                link("predict", "Try the model")


page_header(
    "Train", "Train a model on a dataset. Training continues when you close this page; come back to see its progress."
)
datasets = list_datasets(workspace())
if not datasets:
    st.info("There is no dataset yet. Upload one or use a sample first.", icon=":material/info:")
    link("data", "Go to Data")
else:
    with show_errors():
        dataset = choose_dataset(datasets)
        config = choose_settings(dataset)
        show_estimate(dataset, config)
        choose_runs(dataset, config)

searches, damaged = list_searches(workspace()), damaged_searches(workspace())
if searches or damaged:
    st.subheader("Hyperparameter searches", anchor=False)
    show_damaged(damaged)
    show_searches(searches)

show_runs(list_runs(workspace()))
