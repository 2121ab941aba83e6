"""What validation rows say while a model trains."""

import numpy as np
import pandas as pd
import pytest
from transformers import EvalPrediction

from core.data.splitting import Splits
from core.errors import RunError
from core.jobs.events import Event, Problem
from core.task import Label, Task
from core.training.callback import ProgressCallback
from core.training.config import TrainingConfig
from core.training.examples import TargetScaler
from core.training.validation import DOUBT, Validator


def validator(task: Task, labels: list[Label], heard: list[Event] | None = None) -> Validator:
    frame = pd.DataFrame({"row": range(len(labels)), "text": "a text", "label": labels})
    splits = Splits(frame, frame, frame, task)
    watch = ProgressCallback(TrainingConfig(), (heard if heard is not None else []).append, lambda: False)
    return Validator(splits, TargetScaler.of(splits), watch)


def test_scores_are_measured_on_their_own_scale_and_doubted_on_that_of_the_loss() -> None:
    found = validator(Task("regression", ()), [10.0, 20.0]).metrics(
        EvalPrediction(np.asarray([[-1.0], [0.0]]), np.asarray([-1.0, 1.0]))
    )
    assert found["mae"] == 2.5  # 10 for 10, 15 for 20
    assert found[DOUBT] == 0.5  # mean of 0 and 1


def test_the_doubt_of_a_sure_and_right_model_is_less() -> None:
    prediction_table = validator(Task("binary", ("a", "b")), ["a", "b", "a", "b"])
    targets = np.asarray([0, 1, 0, 1])
    unsure, sure = (
        prediction_table.doubt(EvalPrediction(np.asarray(logits, dtype=np.float32), targets))
        for logits in ([[1, 0], [1, 0], [1, 0], [0, 1]], [[1, 0], [0, 1], [1, 0], [0, 1]])
    )
    assert sure < unsure


def test_values_that_are_no_numbers_end_the_training_in_words() -> None:
    heard: list[Event] = []
    prediction_table = validator(Task("binary", ("a", "b")), ["a", "b"], heard)
    with pytest.raises(RunError, match="stopped being a number"):
        prediction_table.metrics(EvalPrediction(np.asarray([[np.nan, 0.0], [0.0, 1.0]]), np.asarray([0, 1])))
    assert [type(event) for event in heard] == [Problem]
