"""F1 from counts, against scikit-learn and by hand."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn import metrics as sk

from core.evaluation.statistics import counts
from core.evaluation.statistics.counts import Counts

LABEL_ROWS = st.lists(st.tuples(*[st.integers(0, 1)] * 6), min_size=1, max_size=20)


@settings(max_examples=30, deadline=None)
@given(LABEL_ROWS)
def test_labels_agree_with_scikit_learn(rows: list[tuple[int, ...]]) -> None:
    y_true, y_pred = np.asarray(rows)[:, :3], np.asarray(rows)[:, 3:]
    once = np.ones((1, len(rows)), dtype=np.float32)
    of_labels = Counts.from_resamples(once, y_true.astype(bool), y_pred.astype(bool))
    micro = sk.f1_score(y_true, y_pred, average="micro", zero_division=0)
    assert counts.micro(counts.f1)(of_labels)[0] == pytest.approx(micro)
    present = np.flatnonzero((y_true + y_pred).any(axis=0))
    if len(present):
        macro = sk.f1_score(y_true, y_pred, labels=present, average="macro", zero_division=0)
        assert counts.macro(counts.f1)(of_labels)[0] == pytest.approx(macro)
    else:
        assert np.isnan(counts.macro(counts.f1)(of_labels)[0])


def test_resamples_count_a_row_as_often_as_it_was_drawn() -> None:
    y_true, y_pred = np.asarray([[1, 0], [1, 1]]), np.asarray([[1, 0], [0, 1]])
    resampled = Counts.from_resamples(np.asarray([[1, 1], [2, 0]], dtype=np.float32), y_true, y_pred)
    assert resampled.correct.tolist() == [[1, 1], [2, 0]]
    assert resampled.actual.tolist() == [[2, 1], [2, 0]]
    assert resampled.predicted.tolist() == [[1, 1], [2, 0]]
