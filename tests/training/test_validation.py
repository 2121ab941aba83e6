"""Validation during training: metrics on the original scale, the selection loss on the scale of the loss, and problems."""

import numpy as np
import pandas as pd
import pytest
from transformers import EvalPrediction

from core.data.splitting import Splits
from core.errors import RunError
from core.evaluation.decisions.selection import SELECTION_LOSS
from core.jobs.events import Event, Problem
from core.task import Label, Task
from core.training.callback import ProgressCallback
from core.training.config import TrainingConfig
from core.training.examples import TargetScaler
from core.training.validation import Validator


def make_validator(task: Task, labels: list[Label], events: list[Event] | None = None) -> Validator:
    frame = pd.DataFrame({"row": range(len(labels)), "text": "a text", "label": labels})
    splits = Splits(frame, frame, frame, task)
    callback = ProgressCallback(TrainingConfig(), ([] if events is None else events).append, lambda: False)
    return Validator(splits, TargetScaler.fit(splits), callback)


def test_metrics_are_on_the_original_scale_and_the_selection_loss_is_standardized() -> None:
    metrics = make_validator(Task("regression", ()), [10.0, 20.0]).metrics(
        EvalPrediction(np.asarray([[-1.0], [0.0]]), np.asarray([-1.0, 1.0]))
    )
    assert metrics["mae"] == 2.5  # 10 for 10, 15 for 20
    assert metrics[SELECTION_LOSS] == 0.5  # mean of 0 and 1


def test_the_selection_loss_of_a_confident_and_correct_model_is_lower() -> None:
    validator = make_validator(Task("binary", ("a", "b")), ["a", "b", "a", "b"])
    targets = np.asarray([0, 1, 0, 1])
    wrong, correct = (
        validator.selection_loss(EvalPrediction(np.asarray(logits, dtype=np.float32), targets))
        for logits in ([[1, 0], [1, 0], [1, 0], [0, 1]], [[1, 0], [0, 1], [1, 0], [0, 1]])
    )
    assert correct < wrong


def test_the_optimism_is_that_of_the_versions_that_were_validated() -> None:
    validator = make_validator(Task("binary", ("a", "b")), ["a", "b"] * 20)
    targets, rng = np.asarray([0, 1] * 20), np.random.default_rng(0)
    assert validator.optimism() is None
    for _ in range(6):
        logits = (np.eye(2)[targets] + rng.normal(0, 1, (40, 2))).astype(np.float32)
        validator.metrics(EvalPrediction(logits, targets))
    optimism = validator.optimism()
    assert optimism is not None
    assert 0 < optimism < 0.2


def test_logits_that_are_not_finite_end_the_training() -> None:
    events: list[Event] = []
    validator = make_validator(Task("binary", ("a", "b")), ["a", "b"], events)
    with pytest.raises(RunError, match="became NaN or infinite"):
        validator.metrics(EvalPrediction(np.asarray([[np.nan, 0.0], [0.0, 1.0]]), np.asarray([0, 1])))
    assert [type(event) for event in events] == [Problem]
