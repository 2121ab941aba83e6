"""Would more data help: the instant model trained on ever more of a run's rows and measured on its validation rows.

The job behind ``python -m core learn``; it leaves curve.json in the folder ``learning`` of the run.
"""

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd

from core.evaluation.diagnostics import learning_curve
from core.evaluation.diagnostics.learning_curve import Extrapolation
from core.evaluation.metrics import summary
from core.jobs import process
from core.jobs.events import Phase, Progress
from core.jobs.runner import Emit, run_job
from core.models.encoders import BUILT_IN
from core.runs import Run
from core.training.config import TrainingConfig
from core.workspace import read_json, workspace_containing, write_json

_RESULT = "curve.json"
# More say little that is new, and cost minutes.
MAX_ROWS = 20_000
# At each size the mean over so many draws of rows, where that takes seconds.
_DRAWS, _FEW_ROWS = 3, 2_000
MEASURE = summary.MAIN_METRIC | {"regression": "mae"}


@dataclass(frozen=True)
class LearningCurve:
    """Where the learning curve of a run lies."""

    folder: Path

    @classmethod
    def of(cls, run: Run) -> "LearningCurve":
        """That of a run."""
        return cls(run.folder / "learning")

    @property
    def done(self) -> bool:
        """Whether its points are there."""
        return (self.folder / _RESULT).exists()

    def status(self) -> process.Status | None:
        """How the job stands, None if it was never asked for."""
        return process.read_status(self.folder) if self.folder.exists() else None

    def points(self) -> pd.DataFrame:
        """One line a size: rows, score (F1, or the mean absolute error)."""
        return pd.DataFrame(read_json(self.folder / _RESULT))


def start(run: Run) -> None:
    """Begin in a process of its own."""
    folder = LearningCurve.of(run).folder
    folder.mkdir(exist_ok=True)
    process.start(folder, command="learning-curve")


def work(folder: Path) -> None:
    """Draw the curve of the run that the folder lies in; see :func:`core.jobs.runner.run_job`."""
    run = Run.open(folder.parent)
    run_job(folder, workspace_containing(folder).home, lambda emit, switch: _learn(run, folder, emit))


def promise(run: Run, points: pd.DataFrame) -> Extrapolation:
    """What twice the rows promise. A mean error counts as minus itself, so that more is better.

    Raises:
        ConfigError: there are fewer than three sizes.
    """
    sign = -1 if run.task.kind == "regression" else 1
    return learning_curve.promise(points["rows"], sign * points["score"], most=0.0 if sign < 0 else 1.0)


def _learn(run: Run, folder: Path, emit: Emit) -> None:
    emit(Phase("loading"))
    from core.models import classifier as classifiers
    from core.models.pooling import has_mean_pooling
    from core.training.head_fitting import fit_head

    task, splits = run.task, run.splits()
    train = splits.train.sample(min(len(splits.train), MAX_ROWS), random_state=0)
    config = TrainingConfig.from_json(run.record.config)
    classifier = classifiers.build(config.encoder, task, config.max_length)
    if not has_mean_pooling(classifier.model):
        # Other architectures have no frozen features; what they would gain from rows is much the same.
        classifier = classifiers.build(BUILT_IN, task, config.max_length)
    emit(Phase("features"))
    texts = [*train["text"], *splits.validation["text"]]
    features = classifier.features(texts, lambda done, total: emit(Progress(done, total, None)))
    targets, wanted = (task.encode(frame["label"].tolist()) for frame in (train, splits.validation))
    held = (features[len(train) :], wanted)
    emit(Phase("learning"))
    name = MEASURE[task.kind]
    draws = _DRAWS if len(train) <= _FEW_ROWS else 1
    drawn = [learning_curve.sizes_for(targets, seed=seed) for seed in range(draws)]
    points = []
    for step, parts in enumerate(zip(*drawn, strict=True)):
        scores = []
        # All rows are the same rows in every draw.
        for rows in parts if step + 1 < len(drawn[0]) else parts[:1]:
            head = fit_head(task, (features[rows], targets[rows]), held, config.seed)
            scores.append(summary.summarize(task, wanted, head.logits(held[0]))[name])
        points.append({"rows": len(parts[0]), "score": float(np.mean(scores))})
        emit(Progress(step + 1, len(drawn[0]), None))
    write_json(folder / _RESULT, points)
