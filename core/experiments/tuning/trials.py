"""Runs the trials of a search in this process: each is a fine-tuning that is scored on validation."""

import hashlib
import json
import os
import shutil
import tempfile
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from core import host
from core.data.splitting import Splits
from core.errors import RunError, StudioError
from core.experiments.tuning.search import Search
from core.experiments.tuning.storage import database_errors
from core.jobs.events import Event, OnEvent, Phase, Progress, Validation, ignore_event
from core.jobs.runner import StopSignal, run_job
from core.training.config import TrainingConfig

if TYPE_CHECKING:
    import optuna

_STOPPED = "stopped"
_FINGERPRINT = "fingerprint"


def run_search(search: Search, home: Path, on_event: OnEvent = ignore_event) -> None:
    """Run trials until the search has as many as requested; see :func:`core.jobs.runner.run_job`.

    If the search is already running, here or on another machine, this process joins it.
    """
    status = search.status()
    if status.active and status.pid not in (0, os.getpid()):
        stop = StopSignal()
        stop.listen()
        _run_trials(search, on_event, stop)
    else:
        run_job(search.folder, home, lambda on_event, stop: _run_trials(search, on_event, stop), on_event)


def _run_trials(search: Search, on_event: OnEvent, stop: StopSignal) -> None:
    on_event(Phase("loading"))
    splits = Splits.load(search.folder / "splits", search.task)
    study = search.study()
    _check_same_search(study, search, splits)
    on_event(Phase("searching"))
    with database_errors(search.storage or ""), stop.deferred():
        while not stop.requested:
            done = _count_finished(study)
            if done >= search.trials:
                return
            on_event(Progress(done, search.trials))
            trial = study.ask()
            config = search.config_with({setting.name: setting.suggest(trial) for setting in search.space})
            study.tell(trial, **_run_trial(search, splits, trial, config, stop))
        on_event(Progress(_count_finished(study), search.trials))


def _check_same_search(study: "optuna.Study", search: Search, splits: Splits) -> None:
    """Check that this host has the rows and the settings of the host that began the study.

    Raises:
        RunError: it has others.
    """
    settings = [splits.fingerprint(), asdict(search.config), [asdict(setting) for setting in search.space]]
    mine = hashlib.blake2b(json.dumps(settings).encode(), digest_size=8).hexdigest()
    if study.user_attrs.get(_FINGERPRINT, mine) != mine:
        raise RunError(
            f"The search {search.id} was started with other rows or settings.",
            "Copy its folder from the host that started it.",
        )
    study.set_user_attr(_FINGERPRINT, mine)


def _count_finished(study: "optuna.Study") -> int:
    """The number of finished trials. A trial that was stopped does not count: another one replaces it."""
    return sum(
        trial.state.is_finished() and not trial.user_attrs.get(_STOPPED) for trial in study.get_trials(deepcopy=False)
    )


def _run_trial(
    search: Search, splits: Splits, trial: "optuna.Trial", config: TrainingConfig, stop: StopSignal
) -> dict[str, Any]:
    """The outcome of a trial as arguments of ``Study.tell``: its best validation score, or that it was pruned or failed."""
    import optuna

    from core.models.feature_cache import FeatureCache
    from core.training.trainer import FineTuning, fine_tune

    scores: list[float] = []

    def on_trial_event(event: Event) -> None:
        if isinstance(event, Validation):
            scores.append(float(event.metrics[search.metric]))
            trial.report(scores[-1], len(scores))
            if trial.should_prune():
                raise optuna.TrialPruned

    checkpoints = Path(tempfile.mkdtemp(prefix="trial-", dir=search.folder))
    try:
        with host.limit_memory():
            fine_tune(
                FineTuning(
                    splits,
                    config,
                    checkpoints,
                    on_trial_event,
                    lambda: stop.requested,
                    interpolate=False,
                    cache=FeatureCache(search.folder / "features"),
                )
            )
    except optuna.TrialPruned:
        return {"state": optuna.trial.TrialState.PRUNED}
    except (StudioError, MemoryError, RuntimeError, OSError) as error:
        if not isinstance(error, StudioError) and not host.is_out_of_memory(error):
            raise
        return {"state": optuna.trial.TrialState.FAIL}
    finally:
        shutil.rmtree(checkpoints, ignore_errors=True)
    if stop.requested:
        trial.set_user_attr(_STOPPED, True)
    if stop.requested or not scores or not np.isfinite(max(scores)):
        return {"state": optuna.trial.TrialState.FAIL}
    return {"values": max(scores)}
