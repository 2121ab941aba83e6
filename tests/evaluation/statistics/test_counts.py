"""Measures from counts, against scikit-learn and by hand."""

import math
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn import metrics as sk

from core.evaluation.statistics import counts
from core.evaluation.statistics.counts import Counts, Values

PAIRS = st.lists(st.tuples(st.integers(0, 3), st.integers(0, 3)), min_size=1, max_size=40)
ROWS_OF_LABELS = st.lists(st.tuples(*[st.integers(0, 1)] * 6), min_size=1, max_size=20)
RATES: dict[str, tuple[Callable[[Counts], Values], Callable[..., Any]]] = {
    "precision": (counts.precision, sk.precision_score),
    "recall": (counts.recall, sk.recall_score),
    "f1": (counts.f1, sk.f1_score),
}


@settings(max_examples=30, deadline=None)
@given(PAIRS)
def test_classes_equal_scikit_learn(pairs: list[tuple[int, int]]) -> None:
    actual, answered = (np.asarray(side) for side in zip(*pairs, strict=True))
    found = Counts.of_classes(actual, answered, 4)
    assert counts.accuracy(found) == pytest.approx(sk.accuracy_score(actual, answered))
    balanced = sk.recall_score(actual, answered, labels=np.unique(actual), average="macro", zero_division=0)
    assert counts.balanced_accuracy(found) == pytest.approx(balanced)
    for ours, theirs in RATES.values():
        assert counts.macro(ours)(found) == pytest.approx(theirs(actual, answered, average="macro", zero_division=0))
        assert counts.weighted(ours)(found) == pytest.approx(
            theirs(actual, answered, average="weighted", zero_division=0)
        )
    if len(set(actual.tolist())) > 1 and len(set(answered.tolist())) > 1:
        assert counts.matthews(found) == pytest.approx(sk.matthews_corrcoef(actual, answered))
    else:
        assert np.isnan(counts.matthews(found))


@settings(max_examples=30, deadline=None)
@given(ROWS_OF_LABELS)
def test_labels_equal_scikit_learn(rows: list[tuple[int, ...]]) -> None:
    actual, answered = np.asarray(rows)[:, :3], np.asarray(rows)[:, 3:]
    found = Counts.of_labels(actual, answered)
    for ours, theirs in RATES.values():
        assert counts.micro(ours)(found) == pytest.approx(theirs(actual, answered, average="micro", zero_division=0))
        assert counts.macro_of_labels(ours)(found) == pytest.approx(
            theirs(actual, answered, average="macro", zero_division=0)
        )


def test_draws_count_a_row_as_often_as_it_was_drawn() -> None:
    wanted, given = np.asarray([[1, 0], [1, 1]]), np.asarray([[1, 0], [0, 1]])
    found = Counts.from_resamples(np.asarray([[1, 1], [2, 0]], dtype=np.float32), wanted, given)
    assert found.right.tolist() == [[1, 1], [2, 0]]
    assert found.actual.tolist() == [[2, 1], [2, 0]]
    assert found.predicted.tolist() == [[1, 1], [2, 0]]


def test_a_stack_is_measured_like_each_of_its_parts() -> None:
    first, second = (
        Counts.of_classes(np.asarray([0, 0, 1]), np.asarray([0, 1, 1]), 2),
        Counts(np.zeros(2), np.asarray([3.0, 0.0]), np.asarray([0.0, 3.0])),
    )
    both = Counts(
        *(np.stack([getattr(each, part) for each in (first, second)]) for part in ("right", "actual", "predicted"))
    )
    assert counts.macro(counts.f1)(both).tolist() == pytest.approx([2 / 3, 0])
    assert counts.accuracy(both).tolist() == pytest.approx([2 / 3, 0])
    assert math.isnan(counts.recall(both)[1, 1])
