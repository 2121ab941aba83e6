"""Search for better settings with Optuna: each trial is a real fine-tuning, judged on validation; the test rows stay locked.

::

    <searches>/<id>/  search.json  splits/  journal.log  status.json  events.jsonl  log.txt

The journal is a file that several processes, on several machines that share the folder, can append to: each joins with
``python -m core search <folder>``. A search that was stopped or killed goes on from what the journal holds.
"""

from collections.abc import Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pandas as pd

from core.data.dataset import Dataset, load_labelled
from core.data.splitting import SplitConfig, Splits, split
from core.errors import ConfigError, RunError
from core.evaluation.metrics.summary import MAIN_METRIC
from core.experiments.tuning.space import SearchRange
from core.jobs import process
from core.jobs.process import Status
from core.runs import Run, create_run
from core.task import Task
from core.training.config import TrainingConfig
from core.workspace import Workspace, create_folder_atomically, folders, read_json, write_json

if TYPE_CHECKING:
    import optuna

_RECORD = "search.json"
_JOURNAL = "journal.log"
_STUDY = "search"
MOST_TRIALS = 500
_FIRST_AT_RANDOM = 5


@dataclass(frozen=True)
class Search:
    """A search's folder and what is searched."""

    folder: Path
    name: str
    task: Task
    config: TrainingConfig
    space: tuple[SearchRange, ...]
    trials: int
    dataset: dict[str, Any]
    split_config: SplitConfig

    @classmethod
    def open(cls, folder: Path) -> "Search":
        """The search in a folder.

        Raises:
            RunError: there is none.
        """
        try:
            record = read_json(folder / _RECORD)
        except OSError as error:
            raise RunError(f"{folder.name} is no search.", "Start one on the Train page.") from error
        return cls(
            folder,
            record["name"],
            Task.from_json(record["task"]),
            TrainingConfig.from_json(record["config"]),
            tuple(SearchRange(**dimension) for dimension in record["space"]),
            record["trials"],
            record["dataset"],
            SplitConfig(**record["split_config"]),
        )

    @property
    def id(self) -> str:
        """The folder's name."""
        return self.folder.name

    @property
    def metric(self) -> str:
        """What is maximised, on validation."""
        return MAIN_METRIC[self.task.kind]

    def status(self) -> Status:
        """Where the search stands on this machine."""
        return process.read_status(self.folder)

    def study(self) -> "optuna.Study":
        """The study, made on first use. Imports optuna."""
        import optuna
        from optuna.storages import JournalStorage
        from optuna.storages.journal import JournalFileBackend

        optuna.logging.set_verbosity(optuna.logging.WARNING)
        return optuna.create_study(
            storage=JournalStorage(JournalFileBackend(str(self.folder / _JOURNAL))),
            study_name=_STUDY,
            direction="maximize",
            sampler=optuna.samplers.TPESampler(seed=self.config.seed, n_startup_trials=_FIRST_AT_RANDOM),
            pruner=optuna.pruners.MedianPruner(n_startup_trials=_FIRST_AT_RANDOM, n_warmup_steps=1),
            load_if_exists=True,
        )

    def table(self) -> pd.DataFrame:
        """A row for each trial: number, state, value, seconds, and a column for each setting searched."""
        if not (self.folder / _JOURNAL).exists():
            return pd.DataFrame()
        rows = [
            {
                "trial": trial.number + 1,
                "state": trial.state.name.lower(),
                "value": trial.value
                if trial.value is not None
                else max(trial.intermediate_values.values(), default=None),
                "seconds": trial.duration.total_seconds() if trial.duration else None,
                **trial.params,
            }
            for trial in self.study().trials
        ]
        return pd.DataFrame(rows)

    def best(self) -> TrainingConfig | None:
        """The settings of the best trial that went to its end, None while there is none."""
        table = self.table()
        done = table[table["state"] == "complete"] if len(table) else table
        if done.empty:
            return None
        row: dict[Any, Any] = done.to_dict("records")[int(done["value"].astype(float).to_numpy().argmax())]
        return self.config_with({dimension.name: row[dimension.name] for dimension in self.space})

    def importance(self) -> dict[str, float]:
        """Share of the variance of the value that each setting explains (fANOVA, Hutter et al. 2014); empty with few trials."""
        import optuna

        study = self.study()
        complete = [trial for trial in study.trials if trial.state == optuna.trial.TrialState.COMPLETE]
        if len(complete) < _FIRST_AT_RANDOM or len({trial.value for trial in complete}) < 2:
            return {}
        evaluator = optuna.importance.FanovaImportanceEvaluator(seed=0)
        return dict(optuna.importance.get_param_importances(study, evaluator=evaluator))

    def config_with(self, values: dict[str, Any]) -> TrainingConfig:
        """The settings of a trial that was given these values."""
        whole = {name for name, value in asdict(self.config).items() if isinstance(value, int)} - {"epochs"}
        chosen = {name: int(value) if name in whole else float(value) for name, value in values.items()}
        return TrainingConfig.from_json(asdict(self.config) | chosen)


def create_search(
    workspace: Workspace, dataset: Dataset, config: TrainingConfig, space: Sequence[SearchRange], trials: int
) -> Search:
    """Make the folder of a search that is ready to start.

    Raises:
        ConfigError: nothing to search, an impossible number of trials, or a method that has no settings to search.
    """
    if not space:
        raise ConfigError("No setting was chosen to search.", "Choose at least one, such as the learning rate.")
    if not 1 <= trials <= MOST_TRIALS:
        raise ConfigError(f"Expected between 1 and {MOST_TRIALS} trials, found {trials}.")
    splits = split(load_labelled(dataset), dataset.split_config)
    name = f"{dataset.name}, search"
    record = {
        "name": name,
        "task": splits.task.to_json(),
        "config": replace(config, method="fine-tune").to_json(),
        "space": [asdict(dimension) for dimension in space],
        "trials": trials,
        "dataset": {"id": dataset.id, "name": dataset.name, "fingerprint": dataset.fingerprint},
        "split_config": asdict(dataset.split_config),
    }
    with create_folder_atomically(workspace.searches, name) as folder:
        splits.save(folder / "splits")
        write_json(folder / _RECORD, record)
    return Search.open(workspace.searches / folder.name)


def list_searches(workspace: Workspace) -> list[Search]:
    """All searches of a workspace, newest first."""
    return [Search.open(folder) for folder in folders(workspace.searches, _RECORD)]


def create_best_run(workspace: Workspace, search: Search) -> Run:
    """A run with the best settings found, on the search's own rows, ready to start.

    Raises:
        RunError: no trial has been finished.
    """
    config = search.best()
    if config is None:
        raise RunError("No trial has been finished yet.", "Let the search go on.")
    splits = Splits.load(search.folder / "splits", search.task)
    return create_run(workspace, splits, config.to_json(), f"{search.name}, best", search.dataset, search.split_config)
