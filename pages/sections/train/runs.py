"""How many runs are trained with the settings: one, several seeds, folds, or a search; and their start."""

from collections.abc import Callable
from dataclasses import dataclass

import streamlit as st

from core.data.dataset import Dataset
from core.experiments import repeats
from core.experiments.launch import create_training_run
from core.formatting import pluralize
from core.jobs import dispatcher, queue
from core.runs import Run
from core.training.config import TrainingConfig
from pages.sections.train.progress import watch
from pages.sections.train.search import choose_search
from pages.shared.visitor import workspace

_SINGLE, _SEEDS, _FOLDS, _SEARCH = "Single", "Several seeds", "Cross-validation", "Hyperparameter search"
_DESCRIPTIONS = {
    _SEEDS: "Trains with different seeds to show how much of a score is due to chance.",
    _FOLDS: "Each run validates on a different part of the training and validation rows. The test rows stay unused. "
    "Useful for small datasets.",
}


@dataclass(frozen=True)
class Plan:
    """What Start will do: the label of the button, in words how many runs it is, and the start itself."""

    button: str
    size: str
    runs: int
    start: Callable[[], None]


def choose_runs(dataset: Dataset, config: TrainingConfig) -> Plan:
    """The choice between one run, several runs and a search."""
    options = [_SINGLE, _SEEDS, _FOLDS, *([_SEARCH] if config.method == "fine-tune" else [])]
    option = st.selectbox("Runs", options, key="runs") or _SINGLE
    if option == _SEARCH:
        search = choose_search(dataset, config)
        return Plan("Start search", pluralize(search.trials, "trial"), search.trials, search.start)
    count = 1
    if option != _SINGLE:
        st.caption(_DESCRIPTIONS[option])
        count = int(st.number_input("Number of runs", 2, repeats.MAX_RUNS, 5, key="run-count"))

    def start() -> None:
        queue.check_room(workspace().runs, count)
        runs = _create_runs(dataset, config, option, count)
        dispatcher.submit(*(run.folder for run in runs))
        watch(runs)

    return Plan("Start", pluralize(count, "run"), count, start)


def _create_runs(dataset: Dataset, config: TrainingConfig, option: str, count: int) -> list[Run]:
    """New runs that are ready to start."""
    if option == _SEEDS:
        return repeats.create_seed_runs(workspace(), dataset, config, count)
    if option == _FOLDS:
        return repeats.create_fold_runs(workspace(), dataset, config, count)
    return [create_training_run(workspace(), dataset, config)]
