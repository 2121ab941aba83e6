"""Metrics from counts, against scikit-learn and by hand."""

import math
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn import metrics as sk

from core.evaluation.statistics import counts
from core.evaluation.statistics.counts import CountMetric, Counts

CLASS_PAIRS = st.lists(st.tuples(st.integers(0, 3), st.integers(0, 3)), min_size=1, max_size=40)
LABEL_ROWS = st.lists(st.tuples(*[st.integers(0, 1)] * 6), min_size=1, max_size=20)
RATES: list[tuple[CountMetric, Callable[..., Any]]] = [
    (counts.precision, sk.precision_score),
    (counts.recall, sk.recall_score),
    (counts.f1, sk.f1_score),
]


@settings(max_examples=30, deadline=None)
@given(CLASS_PAIRS)
def test_classes_agree_with_scikit_learn(pairs: list[tuple[int, int]]) -> None:
    y_true, y_pred = (np.asarray(column) for column in zip(*pairs, strict=True))
    of_classes = Counts.from_classes(y_true, y_pred, 4)
    assert counts.accuracy(of_classes) == pytest.approx(sk.accuracy_score(y_true, y_pred))
    balanced = sk.recall_score(y_true, y_pred, labels=np.unique(y_true), average="macro", zero_division=0)
    assert counts.balanced_accuracy(of_classes) == pytest.approx(balanced)
    for rate, score in RATES:
        for averaged, average in ((counts.macro(rate), "macro"), (counts.weighted(rate), "weighted")):
            assert averaged(of_classes) == pytest.approx(score(y_true, y_pred, average=average, zero_division=0))
    if len(set(y_true.tolist())) > 1 and len(set(y_pred.tolist())) > 1:
        assert counts.matthews_corrcoef(of_classes) == pytest.approx(sk.matthews_corrcoef(y_true, y_pred))
    else:
        assert np.isnan(counts.matthews_corrcoef(of_classes))


@settings(max_examples=30, deadline=None)
@given(LABEL_ROWS)
def test_labels_agree_with_scikit_learn(rows: list[tuple[int, ...]]) -> None:
    y_true, y_pred = np.asarray(rows)[:, :3], np.asarray(rows)[:, 3:]
    once = np.ones((1, len(rows)), dtype=np.float32)
    of_labels = Counts.from_resamples(once, y_true.astype(bool), y_pred.astype(bool))
    for rate, score in RATES:
        for averaged, average in ((counts.micro(rate), "micro"), (counts.macro_over_labels(rate), "macro")):
            assert averaged(of_labels)[0] == pytest.approx(score(y_true, y_pred, average=average, zero_division=0))


def test_resamples_count_a_row_as_often_as_it_was_drawn() -> None:
    y_true, y_pred = np.asarray([[1, 0], [1, 1]]), np.asarray([[1, 0], [0, 1]])
    resampled = Counts.from_resamples(np.asarray([[1, 1], [2, 0]], dtype=np.float32), y_true, y_pred)
    assert resampled.correct.tolist() == [[1, 1], [2, 0]]
    assert resampled.actual.tolist() == [[2, 1], [2, 0]]
    assert resampled.predicted.tolist() == [[1, 1], [2, 0]]


def test_leading_axes_are_computed_independently() -> None:
    first = Counts.from_classes(np.asarray([0, 0, 1]), np.asarray([0, 1, 1]), 2)
    second = Counts(np.zeros(2), np.asarray([3.0, 0.0]), np.asarray([0.0, 3.0]))
    both = Counts(
        np.stack([first.correct, second.correct]),
        np.stack([first.actual, second.actual]),
        np.stack([first.predicted, second.predicted]),
    )
    assert counts.macro(counts.f1)(both).tolist() == pytest.approx([2 / 3, 0])
    assert counts.accuracy(both).tolist() == pytest.approx([2 / 3, 0])
    assert math.isnan(counts.recall(both)[1, 1])
