"""The trials of a search: each a real fine-tuning that validation judges, until there are as many as were asked for."""

import os
import shutil
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from core import host
from core.data.splitting import Splits
from core.errors import StudioError
from core.experiments.tuning.search import Search
from core.jobs.events import Event, Phase, Progress, Validation
from core.jobs.runner import Emit, StopSignal, run_job
from core.training.config import TrainingConfig

if TYPE_CHECKING:
    import optuna

_STOPPED = "stopped"


def work(search: Search, home: Path, on_event: Emit = lambda event: None) -> None:
    """Carry out trials until there are as many as were asked for, whoever made them; see :func:`core.jobs.runner.run_job`.

    Where the search is at work already, here or on another machine, this process joins it.
    """
    status = search.status()
    if status.active and status.pid not in (0, os.getpid()):
        switch = StopSignal()
        switch.listen()
        _run_trials(search, on_event, switch)
    else:
        run_job(search.folder, home, lambda emit, switch: _run_trials(search, emit, switch), on_event)


def _run_trials(search: Search, emit: Emit, switch: StopSignal) -> None:
    emit(Phase("loading"))
    splits = Splits.load(search.folder / "splits", search.task)
    study = search.study()
    emit(Phase("searching"))
    with switch.deferred():
        while not switch.requested:
            done = _finished_trials(study)
            if done >= search.trials:
                return
            emit(Progress(done, search.trials))
            trial = study.ask()
            config = search.config_with({dimension.name: dimension.suggest(trial) for dimension in search.space})
            study.tell(trial, **_outcome(search, splits, trial, config, switch))
        emit(Progress(_finished_trials(study), search.trials))


def _finished_trials(study: "optuna.Study") -> int:
    """Trials that came to an end; one that somebody stopped half-way will be made up for."""
    return sum(
        trial.state.is_finished() and not trial.user_attrs.get(_STOPPED) for trial in study.get_trials(deepcopy=False)
    )


def _outcome(
    search: Search, splits: Splits, trial: "optuna.Trial", config: TrainingConfig, switch: StopSignal
) -> dict[str, Any]:
    """What to tell the study of a trial: its best validation, that it was pruned, or that it failed."""
    import optuna

    from core.training.trainer import fine_tune

    seen: list[float] = []

    def on_trial_event(event: Event) -> None:
        if isinstance(event, Validation):
            seen.append(float(event.metrics[search.metric]))
            trial.report(seen[-1], len(seen))
            if trial.should_prune():
                raise optuna.TrialPruned

    checkpoints = Path(tempfile.mkdtemp(prefix="trial-", dir=search.folder))
    try:
        with host.limit_memory():
            fine_tune(splits, config, checkpoints, on_trial_event, lambda: switch.requested, mix=False)
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
