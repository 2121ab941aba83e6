"""The influence of rows on ranking metrics, and rank correlation of weighted rows, against scikit-learn and scipy."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import spearmanr
from sklearn import metrics as sk

from core.evaluation.statistics.ranking import auc_influence, average_precision_influence, rank_correlation

# Few distinct scores, so that there are ties.
ROWS = st.lists(st.tuples(st.booleans(), st.integers(0, 5), st.integers(0, 3)), min_size=1, max_size=30)


@settings(max_examples=30, deadline=None)
@given(ROWS)
def test_influence_is_the_change_by_one_more_row(rows: list[tuple[bool, int, int]]) -> None:
    positive, scores, _ = (np.asarray(column) for column in zip(*rows, strict=True))
    if not 0 < positive.sum() < len(positive):
        return
    for influence, metric in (
        (auc_influence, sk.roc_auc_score),
        (average_precision_influence, sk.average_precision_score),
    ):
        weights = np.ones(len(rows))
        weights[0] += 1e-5
        change = (metric(positive, scores, sample_weight=weights) - metric(positive, scores)) / 1e-5
        found = influence(positive, scores.astype(float))
        assert found.sum() == pytest.approx(0, abs=1e-9)
        assert found[0] == pytest.approx(change, abs=1e-3)


@settings(max_examples=30, deadline=None)
@given(ROWS)
def test_rank_correlation_treats_weights_as_repeated_rows(rows: list[tuple[bool, int, int]]) -> None:
    first, second, weights = (np.asarray(column, dtype=float) for column in zip(*rows, strict=True))
    if weights.sum() == 0:
        return
    correlation = rank_correlation(weights[None].astype(np.float32), first, second)[0]
    first, second = np.repeat(first, weights.astype(int)), np.repeat(second, weights.astype(int))
    if len(set(first)) > 1 and len(set(second)) > 1:
        assert correlation == pytest.approx(spearmanr(first, second).statistic)
    else:
        assert np.isnan(correlation)
