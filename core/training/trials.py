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
from core.jobs.events import Event, Phase, Progress, Validation
from core.jobs.work import StopSwitch, Tell, carry_out
from core.training.config import TrainingConfig
from core.training.search import Search

if TYPE_CHECKING:
    import optuna

_STOPPED = "stopped"


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
            config = search.config_with({dimension.name: dimension.suggest(trial) for dimension in search.space})
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
