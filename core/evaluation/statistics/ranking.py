"""Ranking metrics (ROC-AUC, average precision, rank correlation) for thousands of resamples at once.

A resample is given by how often each row was drawn: weights (resamples, n). With all weights 1 the values are those of
scikit-learn and scipy. Equal scores share a step of the curve, or the mean of their ranks.
"""

from typing import Any

import numpy as np
import numpy.typing as npt

from core.task import Floats
from core.types import BoolArray, FloatArray, IndexArray


def roc_auc_and_average_precision(
    weights: Floats, positive: BoolArray, scores: npt.NDArray[Any]
) -> tuple[FloatArray, FloatArray]:
    """ROC-AUC and average precision, each (resamples,); NaN without positive rows, and ROC-AUC without negative ones."""
    order = np.argsort(-scores, kind="stable")
    ends = _ends_of_ties(scores[order])
    ordered_weights = weights[:, order]
    true_positives = np.cumsum(ordered_weights * positive[order], axis=1, dtype=np.float64)[:, ends]
    false_positives = np.cumsum(ordered_weights, axis=1, dtype=np.float64)[:, ends] - true_positives
    new_true, new_false = np.diff(true_positives, prepend=0), np.diff(false_positives, prepend=0)
    predicted = np.maximum(true_positives + false_positives, 1)
    area = (new_false * (true_positives - new_true / 2)).sum(axis=1)
    average_precision = (new_true * true_positives / predicted).sum(axis=1)
    positives, negatives = true_positives[:, -1], false_positives[:, -1]
    return _divide(area, positives * negatives), _divide(average_precision, positives)


def rank_correlation(weights: Floats, first: npt.NDArray[Any], second: npt.NDArray[Any]) -> FloatArray:
    """Spearman's rank correlation of two arrays (n,), (resamples,); NaN where one of them is constant."""
    ranks = [_mean_ranks(weights, values) for values in (first, second)]
    rows = weights.sum(axis=1, keepdims=True)
    centered = [rank - (weights * rank).sum(axis=1, keepdims=True) / rows for rank in ranks]
    covariance = (weights * centered[0] * centered[1]).sum(axis=1)
    variances = [(weights * part**2).sum(axis=1) for part in centered]
    return _divide(covariance, np.sqrt(variances[0] * variances[1]))


def _mean_ranks(weights: Floats, values: npt.NDArray[Any]) -> FloatArray:
    """Ranks of the rows that were drawn, (resamples, n); ties get their mean rank."""
    order = np.argsort(values, kind="stable")
    ends = _ends_of_ties(values[order])
    cumulative = np.cumsum(weights[:, order], axis=1, dtype=np.float64)[:, ends]
    middle = cumulative - np.diff(cumulative, prepend=0) / 2
    group = np.searchsorted(values[order][ends], values)
    return np.asarray(middle[:, group] + 0.5)


def _ends_of_ties(ordered: npt.NDArray[Any]) -> IndexArray:
    """The last position of each run of equal values."""
    return np.flatnonzero(np.append(np.diff(ordered) != 0, True))


def _divide(numerator: FloatArray, denominator: FloatArray) -> FloatArray:
    result: FloatArray = np.divide(
        numerator, denominator, out=np.full(numerator.shape, np.nan), where=denominator > 1e-9
    )
    return result
