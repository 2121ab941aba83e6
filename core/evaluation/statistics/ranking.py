"""Ranking metrics: the influence of each row on ROC-AUC and average precision, and the rank correlation of resampled rows.

Influences sum to 0, and their squares to the variance of the metric. A resample is given by how often each row was drawn: weights
(resamples, n). With all weights 1 the rank correlation is that of scipy. Equal scores share a step of the curve, or the mean of
their ranks.
"""

from typing import Any

import numpy as np
import numpy.typing as npt
from scipy.stats import rankdata

from core.task import Floats
from core.types import BoolArray, FloatArray, IndexArray


def auc_influence(positive: BoolArray, scores: FloatArray) -> FloatArray:
    """The influence of each row on the ROC-AUC, (n,): its placement among the other side's rows (DeLong et al. 1988)."""
    ranks = rankdata(scores)
    influence = np.zeros(len(scores))
    for side, sign in ((positive, 1), (~positive, -1)):
        placement = (ranks[side] - rankdata(scores[side])) / (~side).sum()
        influence[side] = sign * (placement - placement.mean()) / side.sum()
    return influence


def average_precision_influence(positive: BoolArray, scores: FloatArray) -> FloatArray:
    """The influence of each row on the average precision, (n,), from its derivative by the weight of the row."""
    order = np.argsort(-scores, kind="stable")
    ends = _ends_of_ties(scores[order])
    step = np.searchsorted(ends, np.arange(len(order)))
    found = np.cumsum(positive[order])[ends]
    new = np.diff(found, prepend=0)
    precision = found / (ends + 1)
    # A row changes the precision of its own step and of every later one.
    gained = np.cumsum((new * (1 - precision) / (ends + 1))[::-1])[::-1][step]
    lost = np.cumsum((new * precision / (ends + 1))[::-1])[::-1][step]
    total = float(found[-1])
    average = float((new * precision).sum()) / total
    influence = np.zeros(len(order))
    influence[order] = np.where(positive[order], precision[step] - average + gained, -lost) / total
    return np.asarray(influence - influence.mean())


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
