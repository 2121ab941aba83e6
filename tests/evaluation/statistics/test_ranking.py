"""AUC and rank correlation of weighted rows, against scikit-learn and scipy with the rows repeated."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import spearmanr
from sklearn import metrics as sk

from core.evaluation.statistics.ranking import rank_correlation, roc_auc_and_average_precision

# Few distinct scores, so that there are ties.
ROWS = st.lists(st.tuples(st.booleans(), st.integers(0, 5), st.integers(0, 3)), min_size=1, max_size=30)


@settings(max_examples=30, deadline=None)
@given(ROWS)
def test_aucs_treat_weights_as_repeated_rows(rows: list[tuple[bool, int, int]]) -> None:
    positive, scores, weights = (np.asarray(column) for column in zip(*rows, strict=True))
    roc_auc, precision = roc_auc_and_average_precision(weights[None].astype(np.float32), positive, scores)
    positive, scores = np.repeat(positive, weights), np.repeat(scores, weights)
    if 0 < positive.sum() < len(positive):
        assert roc_auc[0] == pytest.approx(sk.roc_auc_score(positive, scores))
    else:
        assert np.isnan(roc_auc[0])
    if positive.any():
        assert precision[0] == pytest.approx(sk.average_precision_score(positive, scores))
    else:
        assert np.isnan(precision[0])


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
