"""Metrics against numbers worked out by hand, and against scikit-learn."""

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn import metrics as sk

from core.evaluation.metrics import summary
from core.task import Floats, Task

TASK = Task("multiclass", ("a", "b", "c"))


def answers(classes: list[int], outputs: int = 3) -> Floats:
    return np.eye(outputs, dtype=np.float32)[classes] * 4


# a: 2 of 3 found; b: its one row found, and one a taken for b; c: never occurs, never predicted.
ACTUAL, PREDICTED = np.asarray([0, 0, 0, 1]), answers([0, 0, 1, 1])


def test_a_worked_example() -> None:
    found = summary.summarize(TASK, ACTUAL, PREDICTED)
    assert found["accuracy"] == 0.75
    assert found["precision_macro"] == pytest.approx((1 + 1 / 2) / 2)
    assert found["recall_macro"] == pytest.approx((2 / 3 + 1) / 2)
    assert found["f1_macro"] == pytest.approx((0.8 + 2 / 3) / 2)
    assert found["f1_weighted"] == pytest.approx((3 * 0.8 + 2 / 3) / 4)


@settings(max_examples=30, deadline=None)
@given(st.lists(st.tuples(st.integers(0, 2), st.integers(0, 2)), min_size=1, max_size=30))
def test_equal_to_scikit_learn(pairs: list[tuple[int, int]]) -> None:
    actual, predicted = np.asarray([a for a, _ in pairs]), [p for _, p in pairs]
    found = summary.summarize(TASK, actual, answers(predicted))
    assert found["accuracy"] == sk.accuracy_score(actual, predicted)
    for average in ("macro", "weighted"):
        assert found[f"f1_{average}"] == pytest.approx(sk.f1_score(actual, predicted, average=average, zero_division=0))


def test_multilabel_by_hand() -> None:
    task = Task("multilabel", ("p", "q"))
    logits = np.asarray([[2, -2], [2, 2], [-2, -2]], dtype=np.float32)
    found = summary.summarize(task, np.asarray([[1, 0], [1, 0], [0, 0]]), logits)
    # 2 right of 3 given and 2 wanted: precision 2/3, recall 1.
    assert found["f1_micro"] == pytest.approx(0.8)
    assert found["subset_accuracy"] == pytest.approx(2 / 3)
    assert found["hamming_loss"] == pytest.approx(1 / 6)
    assert found["f1_samples"] == pytest.approx((1 + 2 / 3 + 1) / 3)


def test_regression_by_hand() -> None:
    task = Task("regression", ())
    found = summary.summarize(task, np.asarray([1.0, 2.0, 3.0]), np.asarray([[1.0], [2.0], [5.0]], dtype=np.float32))
    assert found["mae"] == pytest.approx(2 / 3)
    assert found["rmse"] == pytest.approx(math.sqrt(4 / 3))
    assert found["r2"] == pytest.approx(1 - 4 / 2)
    assert found["spearman"] == pytest.approx(1.0)


def test_one_row_of_a_score_has_no_r2() -> None:
    found = summary.summarize(Task("regression", ()), np.asarray([1.0]), np.asarray([[2.0]], dtype=np.float32))
    assert math.isnan(found["r2"])
    assert math.isnan(found["spearman"])
    assert summary.summarize(TASK, np.asarray([], dtype=int), np.zeros((0, 3), dtype=np.float32)) == {}
