"""Areas and rank correlation under weights, against scikit-learn and scipy with the rows written out."""

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
def test_weights_are_repeated_rows(rows: list[tuple[bool, int, int]]) -> None:
    positive, scores, times = (np.asarray(side) for side in zip(*rows, strict=True))
    area, precision = roc_auc_and_average_precision(times[None].astype(np.float32), positive, scores)
    positive, scores = np.repeat(positive, times), np.repeat(scores, times)
    if 0 < positive.sum() < len(positive):
        assert area[0] == pytest.approx(sk.roc_auc_score(positive, scores))
    else:
        assert np.isnan(area[0])
    if positive.any():
        assert precision[0] == pytest.approx(sk.average_precision_score(positive, scores))
    else:
        assert np.isnan(precision[0])


@settings(max_examples=30, deadline=None)
@given(ROWS)
def test_ranks_of_repeated_rows(rows: list[tuple[bool, int, int]]) -> None:
    first, second, times = (np.asarray(side, dtype=float) for side in zip(*rows, strict=True))
    found = rank_correlation(times[None].astype(np.float32), first, second) if times.sum() else np.asarray([np.nan])
    first, second = np.repeat(first, times.astype(int)), np.repeat(second, times.astype(int))
    if len(set(first)) > 1 and len(set(second)) > 1:
        assert found[0] == pytest.approx(spearmanr(first, second).statistic)
    else:
        assert np.isnan(found[0])
