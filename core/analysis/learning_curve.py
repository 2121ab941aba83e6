"""Learning curve of a run: the instant model trained on growing parts of its training rows, scored on its validation rows.

The job ``python -m core learning-curve`` writes curve.json to the folder ``learning`` of the run.
"""

from contextlib import suppress
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from core.errors import ModelError
from core.evaluation.diagnostics import learning_curve
from core.evaluation.diagnostics.learning_curve import Extrapolation
from core.evaluation.metrics import summary
from core.evaluation.metrics.definitions import LEARNING_CURVE_METRIC
from core.jobs.events import OnEvent, Phase, Progress
from core.jobs.folder import JobFolder
from core.jobs.runner import run_job
from core.models.encoders import BUILT_IN
from core.runs import Run
from core.storage import parse_record, read_record, write_record
from core.task import Floats
from core.workspace import read_json, workspace_containing

_RESULT = "curve.json"
# More rows add little to the curve and cost minutes.
MAX_ROWS = 20_000
# Up to this many rows, each score is the mean over several draws of rows: that takes seconds.
_DRAWS, _FEW_ROWS = 3, 2_000


@dataclass(frozen=True)
class _Point:
    rows: int
    score: float


@dataclass(frozen=True)
class _Curve:
    """What curve.json holds."""

    points: list[_Point]


def learning_curve_job(run: Run) -> JobFolder:
    """The learning curve of a run."""
    return JobFolder(run.folder / "learning", "learning-curve", _RESULT)


def read_learning_curve(job: JobFolder) -> pd.DataFrame | None:
    """One line for each size: rows, score (of ``LEARNING_CURVE_METRIC``). None while there is no readable result."""
    return job.load_result(_read_points)


def _read_points(path: Path) -> pd.DataFrame:
    with suppress(OSError, ValueError, RecursionError):
        if isinstance(points := read_json(path), list):  # version 0.1 stored the points alone
            return _points_table({"points": points}, path)
    return _points_table(read_record(path), path)


def _points_table(record: dict[str, Any], path: Path) -> pd.DataFrame:
    return pd.DataFrame(parse_record(_Curve, record, path).points, columns=["rows", "score"])


def extrapolate(run: Run, points: pd.DataFrame) -> Extrapolation:
    """The projected score at twice the rows. An error metric is negated, so that more is better.

    Raises:
        ConfigError: there are fewer than three sizes.
    """
    sign = -1 if run.task.kind == "regression" else 1
    return learning_curve.extrapolate(points["rows"], sign * points["score"], max_score=0.0 if sign < 0 else 1.0)


def run_learning_curve(folder: Path) -> None:
    """Compute the learning curve for a folder of :func:`learning_curve_job` in this process."""

    def compute(on_event: OnEvent) -> None:
        write_record(folder / _RESULT, asdict(_compute_curve(Run.open(folder.parent), on_event)))

    run_job(folder, workspace_containing(folder).home, lambda on_event, stop: compute(on_event))


def _compute_curve(run: Run, on_event: OnEvent) -> _Curve:
    on_event(Phase("loading"))
    from core.training.head_fitting import fit_head

    task, splits = run.task, run.splits()
    train = splits.train.sample(min(len(splits.train), MAX_ROWS), random_state=0)
    features = _features(run, [*train["text"], *splits.validation["text"]], on_event)
    targets, y_true = (task.encode(frame["label"].tolist()) for frame in (train, splits.validation))
    validation = (features[len(train) :], y_true)
    on_event(Phase("learning"))
    metric = LEARNING_CURVE_METRIC[task.kind]
    draws = _DRAWS if len(train) <= _FEW_ROWS else 1
    parts_by_draw = [learning_curve.nested_subsets(targets, seed=seed) for seed in range(draws)]
    sizes = len(parts_by_draw[0])
    points = []
    for number, parts in enumerate(zip(*parts_by_draw, strict=True), 1):
        # The last part is all rows, the same in every draw.
        heads = [
            fit_head(task, (features[part], targets[part]), validation, run.config.seed)
            for part in (parts if number < sizes else parts[:1])
        ]
        scores = [summary.summarize(task, y_true, head.logits(validation[0]))[metric] for head in heads]
        points.append(_Point(len(parts[0]), float(np.mean(scores))))
        on_event(Progress(number, sizes))
    return _Curve(points)


def _features(run: Run, texts: list[str], on_event: OnEvent) -> Floats:
    """Frozen features of the run's encoder, or of the built-in one if that has none or is no longer there."""
    from core.models.features import load_frozen_encoder

    config = run.config
    try:
        encoder = load_frozen_encoder(config.encoder, config.max_length, config.truncation)
    except ModelError:
        # The gain from more rows is about the same.
        encoder = load_frozen_encoder(BUILT_IN, config.max_length, config.truncation)
    on_event(Phase("features"))
    return encoder.features(texts, lambda done, total: on_event(Progress(done, total)))
