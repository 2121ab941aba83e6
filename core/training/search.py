"""Search for better settings with Optuna: each trial is a real fine-tuning, judged on validation; the test rows stay locked.

::

    <searches>/<id>/  search.json  splits/  journal.log  status.json  events.jsonl  log.txt

The journal is a file that several processes, on several machines that share the folder, can append to: each joins with
``python -m core search <folder>``. A search that was stopped or killed goes on from what the journal holds.
"""

import os
import shutil
import tempfile
from collections.abc import Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

import numpy as np
import pandas as pd

from core import host
from core.data.dataset import Dataset, load_labelled
from core.data.splitting import SplitPlan, Splits, split
from core.errors import ConfigError, RunError, StudioError
from core.evaluation.metrics import MAIN_METRIC
from core.jobs import process
from core.jobs.events import Event, Phase, Progress, Validation
from core.jobs.process import Status
from core.jobs.work import StopSwitch, Tell, carry_out
from core.runs import Run, create_run
from core.task import Task
from core.training.config import RANGES, TrainingConfig
from core.workspace import Workspace, being_made, folders, read_json, write_json

if TYPE_CHECKING:
    import optuna

_RECORD = "search.json"
_JOURNAL = "journal.log"
_STUDY = "search"
_STOPPED = "stopped"
MOST_TRIALS = 500
_FIRST_AT_RANDOM = 5

Scale = Literal["linear", "log", "whole"]


@dataclass(frozen=True)
class Dimension:
    """A setting to search: its lowest and highest value, and how values between are drawn.

    Raises:
        ConfigError: no such setting, or the range is empty or beyond what the setting allows.
    """

    name: str
    low: float
    high: float
    scale: Scale = "linear"

    def __post_init__(self) -> None:
        allowed = RANGES.get(self.name)
        if allowed is None:
            raise ConfigError(f"{self.name!r} is no setting with a range.", f"Choose among {', '.join(USUAL)}.")
        if not allowed[0] <= self.low < self.high <= allowed[1]:
            raise ConfigError(
                f"Expected a range of {self.name.replace('_', ' ')} within {allowed[0]:g} and {allowed[1]:g}, "
                f"found {self.low:g} to {self.high:g}.",
                "Correct the lower or the upper end.",
            )

    def suggest(self, trial: "optuna.Trial") -> float:
        """A value for this trial."""
        if self.scale == "whole":
            return trial.suggest_int(self.name, int(self.low), int(self.high))
        return trial.suggest_float(self.name, self.low, self.high, log=self.scale == "log")


# What is worth searching, with ranges around what is recommended (Dodge et al. 2020; Mosbach et al. 2021).
USUAL: dict[str, Dimension] = {
    dimension.name: dimension
    for dimension in (
        Dimension("learning_rate", 1e-5, 5e-4, "log"),
        Dimension("epochs", 1, 10, "whole"),
        Dimension("batch_size", 8, 64, "whole"),
        Dimension("frozen_layers", 0, 5, "whole"),
        Dimension("layer_decay", 0.7, 1.0),
        Dimension("dropout", 0.0, 0.3),
        Dimension("token_dropout", 0.0, 0.3),
        Dimension("class_balance", 0.0, 1.0),
        Dimension("weight_decay", 0.0, 0.1),
        Dimension("label_smoothing", 0.0, 0.2),
        Dimension("warmup_share", 0.0, 0.3),
    )
}


@dataclass(frozen=True)
class Search:
    """A search's folder and what is searched."""

    folder: Path
    name: str
    task: Task
    config: TrainingConfig
    space: tuple[Dimension, ...]
    trials: int
    dataset: dict[str, Any]
    plan: SplitPlan

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
            tuple(Dimension(**dimension) for dimension in record["space"]),
            record["trials"],
            record["dataset"],
            SplitPlan(**record["plan"]),
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
        return self._with({dimension.name: row[dimension.name] for dimension in self.space})

    def importance(self) -> dict[str, float]:
        """Share of the variance of the value that each setting explains (fANOVA, Hutter et al. 2014); empty with few trials."""
        import optuna

        study = self.study()
        complete = [trial for trial in study.trials if trial.state == optuna.trial.TrialState.COMPLETE]
        if len(complete) < _FIRST_AT_RANDOM or len({trial.value for trial in complete}) < 2:
            return {}
        evaluator = optuna.importance.FanovaImportanceEvaluator(seed=0)
        return dict(optuna.importance.get_param_importances(study, evaluator=evaluator))

    def _with(self, values: dict[str, Any]) -> TrainingConfig:
        whole = {name for name, value in asdict(self.config).items() if isinstance(value, int)} - {"epochs"}
        chosen = {name: int(value) if name in whole else float(value) for name, value in values.items()}
        return TrainingConfig.from_json(asdict(self.config) | chosen)


def create_search(
    workspace: Workspace, dataset: Dataset, config: TrainingConfig, space: Sequence[Dimension], trials: int
) -> Search:
    """Make the folder of a search that is ready to start.

    Raises:
        ConfigError: nothing to search, an impossible number of trials, or a method that has no settings to search.
    """
    if not space:
        raise ConfigError("No setting was chosen to search.", "Choose at least one, such as the learning rate.")
    if not 1 <= trials <= MOST_TRIALS:
        raise ConfigError(f"Expected between 1 and {MOST_TRIALS} trials, found {trials}.")
    splits = split(load_labelled(dataset), dataset.plan)
    name = f"{dataset.name}, search"
    record = {
        "name": name,
        "task": splits.task.to_json(),
        "config": replace(config, method="fine-tune").to_json(),
        "space": [asdict(dimension) for dimension in space],
        "trials": trials,
        "dataset": {"id": dataset.id, "name": dataset.name, "fingerprint": dataset.fingerprint},
        "plan": asdict(dataset.plan),
    }
    with being_made(workspace.searches, name) as folder:
        splits.save(folder / "splits")
        write_json(folder / _RECORD, record)
    return Search.open(workspace.searches / folder.name)


def list_searches(workspace: Workspace) -> list[Search]:
    """All searches of a workspace, newest first."""
    return [Search.open(folder) for folder in folders(workspace.searches, _RECORD)]


def best_run(workspace: Workspace, search: Search) -> Run:
    """A run with the best settings found, on the search's own rows, ready to start.

    Raises:
        RunError: no trial has been finished.
    """
    config = search.best()
    if config is None:
        raise RunError("No trial has been finished yet.", "Let the search go on.")
    splits = Splits.load(search.folder / "splits", search.task)
    return create_run(workspace, splits, config.to_json(), f"{search.name}, best", search.dataset, search.plan)


def work(search: Search, home: Path, on_event: Tell = lambda event: None) -> None:
    """Carry out trials until there are as many as were asked for, whoever made them; see :func:`core.jobs.work.carry_out`.

    Where the search is at work already, here or on another machine, this process joins it.
    """
    status = search.status()
    if status.active and status.pid not in (0, os.getpid()):
        switch = StopSwitch()
        switch.listen()
        _try_on(search, on_event, switch)
    else:
        carry_out(search.folder, home, lambda tell, switch: _try_on(search, tell, switch), on_event)


def _try_on(search: Search, tell: Tell, switch: StopSwitch) -> None:
    tell(Phase("loading"))
    splits = Splits.load(search.folder / "splits", search.task)
    study = search.study()
    tell(Phase("searching"))
    with switch.deferred():
        while not switch.requested:
            done = _ended(study)
            if done >= search.trials:
                return
            tell(Progress(done, search.trials))
            trial = study.ask()
            config = search._with({dimension.name: dimension.suggest(trial) for dimension in search.space})
            study.tell(trial, **_outcome(search, splits, trial, config, switch))
        tell(Progress(_ended(study), search.trials))


def _ended(study: "optuna.Study") -> int:
    """Trials that came to an end; one that somebody stopped half-way will be made up for."""
    return sum(
        trial.state.is_finished() and not trial.user_attrs.get(_STOPPED) for trial in study.get_trials(deepcopy=False)
    )


def _outcome(
    search: Search, splits: Splits, trial: "optuna.Trial", config: TrainingConfig, switch: StopSwitch
) -> dict[str, Any]:
    """What to tell the study of a trial: its best validation, that it was pruned, or that it failed."""
    import optuna

    from core.training.trainer import fine_tune

    seen: list[float] = []

    def hear(event: Event) -> None:
        if isinstance(event, Validation):
            seen.append(float(event.metrics[search.metric]))
            trial.report(seen[-1], len(seen))
            if trial.should_prune():
                raise optuna.TrialPruned

    checkpoints = Path(tempfile.mkdtemp(prefix="trial-", dir=search.folder))
    try:
        with host.failing_rather_than_killed():
            fine_tune(splits, config, checkpoints, hear, lambda: switch.requested, mix=False)
    except optuna.TrialPruned:
        return {"state": optuna.trial.TrialState.PRUNED}
    except (StudioError, MemoryError, RuntimeError, OSError) as error:
        if not isinstance(error, StudioError) and not host.is_out_of_memory(error):
            raise
        return {"state": optuna.trial.TrialState.FAIL}
    finally:
        shutil.rmtree(checkpoints, ignore_errors=True)
    if switch.requested:
        trial.set_user_attr(_STOPPED, True)
    if switch.requested or not seen or not np.isfinite(max(seen)):
        return {"state": optuna.trial.TrialState.FAIL}
    return {"values": max(seen)}
