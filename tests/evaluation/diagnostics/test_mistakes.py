"""Which texts are wrong, and how sure the model was."""

import numpy as np
import pandas as pd
import pytest

from core.evaluation.diagnostics import mistakes
from core.task import Task


def test_the_surest_mistake_comes_first() -> None:
    task = Task("binary", ("no", "yes"))
    frame = pd.DataFrame({"row": [7, 8, 9], "text": ["x", "y", "z"], "label": ["no", "no", "yes"]})
    logits = np.log(np.asarray([[0.4, 0.6], [0.1, 0.9], [0.2, 0.8]], dtype=np.float32))
    prediction_table = mistakes.prediction_table(task, frame, logits)
    assert prediction_table["right"].tolist() == [False, False, True]
    worst = mistakes.worst(task, prediction_table)
    assert worst["row"].tolist() == [8, 7]
    assert worst["confidence"].tolist() == pytest.approx([0.9, 0.6])


def test_multilabel_is_right_only_as_a_whole() -> None:
    task = Task("multilabel", ("p", "q"))
    frame = pd.DataFrame({"row": [0, 1], "text": ["x", "y"], "label": [["p"], []]})
    prediction_table = mistakes.prediction_table(task, frame, np.asarray([[3, 1], [-3, -3]], dtype=np.float32))
    assert prediction_table["right"].tolist() == [False, True]
    assert prediction_table["confidence"][0] == pytest.approx(1 / (1 + np.exp(-1)))


def test_the_largest_error_of_a_score_comes_first() -> None:
    task = Task("regression", ())
    frame = pd.DataFrame({"row": [0, 1], "text": ["x", "y"], "label": [1.0, 5.0]})
    prediction_table = mistakes.prediction_table(task, frame, np.asarray([[1.5], [2.0]], dtype=np.float32))
    assert mistakes.worst(task, prediction_table)["error"].tolist() == [3.0, 0.5]
