"""The engine to use for a model on this host: what a trial on its validation texts chose, measured once and then stored."""

import itertools
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from core import decision_rule
from core.errors import DataError, ModelError
from core.jobs.events import OnProgress, no_progress
from core.models.engines.base import TORCH, Engine, candidate_engines
from core.models.engines.choice import (
    DEFAULT_LIMITS,
    Choice,
    Limits,
    Trial,
    choose,
    describe_host,
    evaluate_trial,
    save_trial,
)
from core.models.engines.export import Source, model_source
from core.models.engines.load import load_engine, stored_trial
from core.models.engines.trial import TrialSize, draw_rows, engine_processes, run_trial
from core.models.record import read_model_record
from core.types import Targets
from core.workspace import default_home


@dataclass(frozen=True)
class ValidationRows:
    """The texts that engines are compared on, and their targets as :meth:`core.task.Task.encode` gives them; None if unknown."""

    texts: Sequence[str]
    targets: Targets | None = None


def best_engine(
    model_folder: Path,
    rows: ValidationRows,
    limits: Limits = DEFAULT_LIMITS,
    home: Path | None = None,
    on_progress: OnProgress = no_progress,
) -> Engine:
    """The fastest engine of this host that predicts as torch does, loaded; see :func:`choose_engine`.

    Raises:
        DataError: a trial is needed and there are no texts.
        ModelError: the model cannot be loaded.
    """
    return load_engine(model_folder, choose_engine(model_folder, rows, limits, home, on_progress).engine, home)


def choose_engine(
    model_folder: Path,
    rows: ValidationRows,
    limits: Limits = DEFAULT_LIMITS,
    home: Path | None = None,
    on_progress: OnProgress = no_progress,
) -> Choice:
    """The choice of an engine, by the stored trial of this host or a new one, which takes up to some minutes.

    Raises:
        DataError: a trial is needed and there are no texts.
        ModelError: the model cannot be loaded.
    """
    source = model_source(model_folder, home)
    trial = stored_trial(model_folder, source)
    if trial is None:
        trial = _run_trial(model_folder, rows, source, home or default_home(), on_progress)
        save_trial(source.exports, trial)
    return choose(trial, limits)


def stored_choice(model_folder: Path, limits: Limits = DEFAULT_LIMITS, home: Path | None = None) -> Choice | None:
    """The choice by the stored trial of this host; None if there was no trial of the present weights.

    Raises:
        ModelError: the folder has no model.
        StorageError: the decision rule is damaged.
    """
    trial = stored_trial(model_folder, model_source(model_folder, home))
    return None if trial is None else choose(trial, limits)


def _run_trial(model_folder: Path, rows: ValidationRows, source: Source, home: Path, on_progress: OnProgress) -> Trial:
    if not rows.texts:
        raise DataError("Engines are compared on validation texts, but there are none.", "Give at least 100 texts.")
    size = TrialSize()
    rounds = draw_rows(len(rows.texts), size)
    texts = [[rows.texts[row] for row in drawn] for drawn in rounds]
    with engine_processes(model_folder, home, list(itertools.chain(*texts))) as measure:
        measurements = run_trial(measure, candidate_engines(), texts, size, on_progress)
    reference = measurements[TORCH]
    if reference.problem:
        raise ModelError(f"The model cannot be run: {reference.problem}", "Train the model again.")
    count = len(reference.logits)
    drawn = np.concatenate(rounds)[:count]
    targets = None if rows.targets is None else np.asarray(rows.targets)[drawn]
    rule = decision_rule.load(model_folder)
    results = evaluate_trial(read_model_record(model_folder).task, rule, measurements, targets)
    return Trial(source.model_fingerprint, describe_host(), count, results, rule)
