"""Measures of an order (ROC-AUC, average precision, rank correlation) for thousands of resamples at once.

A resample is given by how often each row was drawn: weights (resamples, n). With all weights 1 the values are those of
scikit-learn and scipy; equal scores share a step of the curve, or the mean of their ranks.
"""

from typing import Any

import numpy as np
import numpy.typing as npt

from core.evaluation.statistics.counts import Values

Weights = npt.NDArray[np.float32]


def roc_auc_and_average_precision(
    weights: Weights, positive: npt.NDArray[np.bool_], scores: npt.NDArray[Any]
) -> tuple[Values, Values]:
    """Area under the ROC curve and average precision, each (resamples,); NaN where one side has no row."""
    order = np.argsort(-scores, kind="stable")
    ends = _ends(scores[order])
    drawn = weights[:, order]
    found = np.cumsum(drawn * positive[order], axis=1, dtype=np.float64)[:, ends]
    false = np.cumsum(drawn, axis=1, dtype=np.float64)[:, ends] - found
    steps, false_steps = np.diff(found, prepend=0), np.diff(false, prepend=0)
    answered = np.maximum(found + false, 1)
    area = (false_steps * (found - steps / 2)).sum(axis=1)
    average_precision = (steps * found / answered).sum(axis=1)
    positives, negatives = found[:, -1], false[:, -1]
    return _over(area, positives * negatives), _over(average_precision, positives)


def rank_correlation(weights: Weights, first: npt.NDArray[Any], second: npt.NDArray[Any]) -> Values:
    """Spearman's correlation, (resamples,); NaN where one side is constant."""
    ranks = [_ranks(weights, values) for values in (first, second)]
    total = weights.sum(axis=1, keepdims=True)
    centred = [rank - (weights * rank).sum(axis=1, keepdims=True) / total for rank in ranks]
    together = (weights * centred[0] * centred[1]).sum(axis=1)
    std = [(weights * part**2).sum(axis=1) for part in centred]
    return _over(together, np.sqrt(std[0] * std[1]))


def _ranks(weights: Weights, values: npt.NDArray[Any]) -> Values:
    """Mean ranks of the rows that were drawn, (resamples, n)."""
    order = np.argsort(values, kind="stable")
    ends = _ends(values[order])
    upto = np.cumsum(weights[:, order], axis=1, dtype=np.float64)[:, ends]
    middle = upto - np.diff(upto, prepend=0) / 2
    group = np.searchsorted(values[order][ends], values)
    return np.asarray(middle[:, group] + 0.5)


def _ends(ordered: npt.NDArray[Any]) -> npt.NDArray[np.intp]:
    """The last position of each run of equal values."""
    return np.flatnonzero(np.append(np.diff(ordered) != 0, True))


def _over(part: Values, whole: Values) -> Values:
    result: Values = np.divide(part, whole, out=np.full(part.shape, np.nan), where=whole > 1e-9)
    return result
