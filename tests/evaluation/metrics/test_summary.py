"""Metrics against numbers worked out by hand, and against scikit-learn."""

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn import metrics as sk

from core.evaluation.metrics.summary import summarize
from tests.evaluation.cases import MULTILABEL, REGRESSION, THREE_CLASSES, logits_for


def test_multiclass_by_hand() -> None:
    # a: 2 of 3 are correct; b: its only row is, and one a is predicted as b; c: neither occurs nor is predicted.
    values = summarize(THREE_CLASSES, np.asarray([0, 0, 0, 1]), logits_for([0, 0, 1, 1], 3))
    assert values["accuracy"] == 0.75
    assert values["precision_macro"] == pytest.approx((1 + 1 / 2) / 2)
    assert values["recall_macro"] == pytest.approx((2 / 3 + 1) / 2)
    assert values["f1_macro"] == pytest.approx((0.8 + 2 / 3) / 2)
    assert values["f1_weighted"] == pytest.approx((3 * 0.8 + 2 / 3) / 4)


@settings(max_examples=30, deadline=None)
@given(st.lists(st.tuples(st.integers(0, 2), st.integers(0, 2)), min_size=1, max_size=30))
def test_multiclass_agrees_with_scikit_learn(pairs: list[tuple[int, int]]) -> None:
    y_true, y_pred = (np.asarray(column) for column in zip(*pairs, strict=True))
    values = summarize(THREE_CLASSES, y_true, logits_for(y_pred, 3))
    assert values["accuracy"] == sk.accuracy_score(y_true, y_pred)
    for average in ("macro", "weighted"):
        expected = sk.f1_score(y_true, y_pred, average=average, zero_division=0)
        assert values[f"f1_{average}"] == pytest.approx(expected)


def test_multilabel_by_hand() -> None:
    logits = np.asarray([[2, -2], [2, 2], [-2, -2]], dtype=np.float32)
    values = summarize(MULTILABEL, np.asarray([[1, 0], [1, 0], [0, 0]]), logits)
    # 2 of 3 predicted labels are correct, and both actual ones are predicted: precision 2/3, recall 1.
    assert values["f1_micro"] == pytest.approx(0.8)
    assert values["subset_accuracy"] == pytest.approx(2 / 3)
    assert values["hamming_loss"] == pytest.approx(1 / 6)
    assert values["f1_samples"] == pytest.approx((1 + 2 / 3 + 1) / 3)


def test_regression_by_hand() -> None:
    values = summarize(REGRESSION, np.asarray([1.0, 2.0, 3.0]), np.asarray([[1.0], [2.0], [5.0]], dtype=np.float32))
    assert values["mae"] == pytest.approx(2 / 3)
    assert values["rmse"] == pytest.approx(math.sqrt(4 / 3))
    assert values["r2"] == pytest.approx(1 - 4 / 2)
    assert values["spearman"] == pytest.approx(1.0)


def test_one_row_has_no_r2_and_no_rows_have_no_metrics() -> None:
    values = summarize(REGRESSION, np.asarray([1.0]), np.asarray([[2.0]], dtype=np.float32))
    assert math.isnan(values["r2"])
    assert math.isnan(values["spearman"])
    assert summarize(THREE_CLASSES, np.asarray([], dtype=int), np.zeros((0, 3), dtype=np.float32)) == {}
