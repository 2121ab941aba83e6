"""Hyperparameter search with Optuna: each trial is a fine-tuning that is scored on validation; the test rows are not used.

::

    <searches>/<id>/  search.json  splits/  journal.log  status.json  events.jsonl  log.txt

Several processes, also on several machines that share the folder, can append to the journal: each joins the search with
``python -m core search <folder>``. A search that was stopped or killed continues from its journal. With a PostgreSQL database
instead of the journal, the machines share no folder: each has a copy of the search's.
"""

import os
from collections.abc import Sequence
from contextlib import AbstractContextManager
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pandas as pd

from core import migrations
from core.data.dataset import Dataset, DatasetRef, load_labeled
from core.data.splitting import SplitConfig, Splits, load_split, split
from core.errors import ConfigError, RunError
from core.evaluation.metrics.definitions import MAIN_METRIC
from core.evaluation.selection_optimism import search_optimism
from core.experiments.tuning.space import SearchRange
from core.experiments.tuning.storage import (
    STORAGE_VARIABLE,
    address_with_password,
    database_errors,
    journal_errors,
    open_database,
    open_journal,
    without_password,
)
from core.jobs import process
from core.jobs.process import Status
from core.runs import Run, RunSource, create_run
from core.storage import DamagedFolder, load_folders, read_folder, write_folder
from core.task import Task
from core.training.config import TrainingConfig
from core.workspace import Workspace, create_folder_atomically

if TYPE_CHECKING:
    import optuna
    from optuna.storages import BaseStorage

_RECORD = "search.json"
_JOURNAL = "journal.log"
_STUDY = "search"
MAX_TRIALS = 500
_RANDOM_TRIALS = 5


@dataclass(frozen=True)
class Search:
    """A search's folder and what its search.json holds; ``config`` are the settings that are not searched.

    ``storage`` is the address of a PostgreSQL database, without a password; None for the journal in the folder.
    """

    folder: Path
    name: str
    task: Task
    config: TrainingConfig
    space: tuple[SearchRange, ...]
    trials: int
    dataset: DatasetRef
    split_config: SplitConfig
    storage: str | None = None

    @classmethod
    def open(cls, folder: Path) -> "Search":
        """The search in a folder.

        Raises:
            StorageError: its record is missing or damaged.
        """
        return read_folder(cls, folder, _RECORD, migrations.upgrade_search)

    @property
    def id(self) -> str:
        """The folder's name."""
        return self.folder.name

    @property
    def metric(self) -> str:
        """The metric that is maximized on validation."""
        return MAIN_METRIC[self.task.kind]

    def status(self) -> Status:
        """The status of the search on this machine."""
        return process.read_status(self.folder)

    def study(self) -> "optuna.Study":
        """The Optuna study, created on first use.

        Raises:
            StorageError: the journal is damaged.
            RunError: the database does not answer, or refuses the user.
        """
        import optuna

        optuna.logging.set_verbosity(optuna.logging.WARNING)
        with self.storage_errors():
            storage = self._open_storage()
            study = optuna.create_study(
                storage=storage,
                study_name=self.id if self.storage else _STUDY,
                direction="maximize",
                pruner=optuna.pruners.MedianPruner(n_startup_trials=_RANDOM_TRIALS, n_warmup_steps=1),
                load_if_exists=True,
            )
            # Processes that join a search must not draw the same random settings again.
            seed = self.config.seed + len(study.get_trials(deepcopy=False))
        study.sampler = optuna.samplers.TPESampler(seed=seed, n_startup_trials=_RANDOM_TRIALS)
        return study

    def _open_storage(self) -> "BaseStorage":
        return (
            open_database(address_with_password(self.storage)) if self.storage else open_journal(self.folder / _JOURNAL)
        )

    def storage_errors(self) -> AbstractContextManager[None]:
        """A context that raises the errors of the storage as ours."""
        return database_errors(self.storage) if self.storage else journal_errors(self.folder / _JOURNAL)

    def with_storage(self, address: str | None) -> "Search":
        """The search with its trials in a database, on disk too; without an address that of ``STUDIO_SEARCH_STORAGE``.

        Raises:
            ConfigError: it is not the address of a PostgreSQL database, or the search has begun in another place.
        """
        given = address or os.environ.get(STORAGE_VARIABLE)
        if not given:
            return self
        storage, begun = without_password(given), self.storage or (self.folder / _JOURNAL).exists()
        if not begun:
            changed = replace(self, storage=storage)
            write_folder(changed, self.folder, _RECORD)
            return changed
        if address and storage != self.storage:
            place = self.storage or f"the file {_JOURNAL} of its folder"
            raise ConfigError(f"The trials of this search are in {place}.", "Leave out --storage to continue it there.")
        return self

    def table(self) -> pd.DataFrame:
        """A row for each trial: number, state, value, seconds, and a column for each searched setting.

        Raises:
            StorageError: the journal is damaged.
            RunError: the database does not answer, or refuses the user.
        """
        if not self.storage and not (self.folder / _JOURNAL).exists():
            return pd.DataFrame()
        rows = [
            {
                "trial": trial.number + 1,
                "state": trial.state.name.lower(),
                "value": trial.value
                if trial.value is not None
                else max(trial.intermediate_values.values(), default=None),
                "seconds": trial.duration.total_seconds() if trial.duration else None,
                **migrations.rename_settings(trial.params),
            }
            for trial in self.study().trials
        ]
        return pd.DataFrame(rows)

    def optimism(self, table: pd.DataFrame) -> float | None:
        """By how much the best score of the trials in a :meth:`table` flatters; None if unknown, as for regression.

        Raises:
            StorageError: the validation rows are damaged.
        """
        if self.task.kind == "regression" or table.empty:
            return None
        scores = table.loc[table["state"] == "complete", "value"].astype(float)
        return search_optimism(scores.tolist(), len(load_split(self.folder / "splits", "validation", self.task)))

    def best(self) -> TrainingConfig | None:
        """The settings of the best complete trial, None while there is none."""
        table = self.table()
        done = table[table["state"] == "complete"] if len(table) else table
        if done.empty:
            return None
        row: dict[Any, Any] = done.to_dict("records")[int(done["value"].astype(float).to_numpy().argmax())]
        return self.config_with({setting.name: row[setting.name] for setting in self.space})

    def importance(self) -> dict[str, float]:
        """The share of the score's variance that each setting explains (fANOVA, Hutter et al. 2014); empty with few trials."""
        import optuna

        study = self.study()
        complete = [trial for trial in study.trials if trial.state == optuna.trial.TrialState.COMPLETE]
        if len(complete) < _RANDOM_TRIALS or len({trial.value for trial in complete}) < 2:
            return {}
        evaluator = optuna.importance.FanovaImportanceEvaluator(seed=0)
        return dict(optuna.importance.get_param_importances(study, evaluator=evaluator))

    def config_with(self, values: dict[str, Any]) -> TrainingConfig:
        """The settings of a trial with these values."""
        integers = {name for name, value in asdict(self.config).items() if isinstance(value, int)} - {"epochs"}
        chosen: dict[str, Any] = {
            name: int(value) if name in integers else float(value) for name, value in values.items()
        }
        return replace(self.config, **chosen)


def create_search(
    workspace: Workspace, dataset: Dataset, config: TrainingConfig, space: Sequence[SearchRange], trials: int
) -> Search:
    """A search that is ready to start.

    Raises:
        ConfigError: there is no setting to search, or the number of trials is out of range.
    """
    if not space:
        raise ConfigError("No setting to search was chosen.", "Choose at least one, such as the learning rate.")
    if not 1 <= trials <= MAX_TRIALS:
        raise ConfigError(
            f"Expected between 1 and {MAX_TRIALS} trials, found {trials}.", "Choose a number of trials in that range."
        )
    splits = split(load_labeled(dataset), dataset.split_config)
    name = f"{dataset.name}, search"
    with create_folder_atomically(workspace.searches, name) as folder:
        search = Search(
            folder=workspace.searches / folder.name,
            name=name,
            task=splits.task,
            config=replace(config, method="fine-tune"),
            space=tuple(space),
            trials=trials,
            dataset=dataset.ref,
            split_config=dataset.split_config,
        )
        splits.save(folder / "splits")
        write_folder(search, folder, _RECORD)
    return search


def list_searches(workspace: Workspace) -> list[Search]:
    """The searches of a workspace that can be opened, newest first."""
    return load_folders(workspace.searches, Search.open)[0]


def damaged_searches(workspace: Workspace) -> list[DamagedFolder]:
    """The search folders of a workspace that cannot be opened, newest first."""
    return load_folders(workspace.searches, Search.open)[1]


def create_best_run(workspace: Workspace, search: Search) -> Run:
    """A run that is ready to start, with the best settings of a search and its rows.

    Raises:
        RunError: no trial has finished.
    """
    config = search.best()
    if config is None:
        raise RunError("No trial has finished yet.", "Wait for the first trial, or start the search again.")
    splits = Splits.load(search.folder / "splits", search.task)
    return create_run(workspace, splits, config, f"{search.name}, best", RunSource(search.dataset, search.split_config))
