"""F1 from counts for each label, for thousands of resamples at once.

F1 needs three counts for each label: how often it was predicted correctly, how often it occurs, and how often it was predicted.
Shapes below: (..., k) with k classes or labels; the leading axes are resamples. Averages treat undefined rates as
scikit-learn's ``zero_division=0`` does, so that they agree with it; :func:`f1` of one label is NaN where it is undefined.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Self

import numpy as np

from core.task import Floats
from core.types import FloatArray, Targets


@dataclass(frozen=True)
class Counts:
    """Three counts for each label, each (..., k)."""

    correct: FloatArray
    actual: FloatArray
    predicted: FloatArray

    @classmethod
    def from_resamples(cls, weights: Floats, y_true: Targets, y_pred: Targets) -> Self:
        """Counts of resamples, (resamples, k).

        Args:
            weights: how often each row was drawn, (resamples, n).
            y_true: the actual labels, (n, k) of 0 and 1.
            y_pred: the predicted labels, (n, k) of 0 and 1.
        """
        parts = (y_true * y_pred, y_true, y_pred)
        return cls(*(np.asarray(weights @ part.astype(np.float32), dtype=np.float64) for part in parts))


CountMetric = Callable[[Counts], FloatArray]


def f1(counts: Counts) -> FloatArray:
    """F1 of each label, (..., k); NaN where it neither occurs nor is predicted."""
    return _divide(2 * counts.correct, counts.actual + counts.predicted)


def macro(rate: CountMetric) -> CountMetric:
    """A function for the unweighted mean of a rate over the labels that occur or are predicted; undefined rates count as 0."""

    def mean(counts: Counts) -> FloatArray:
        present = counts.actual + counts.predicted > 0
        return _divide(np.where(present, np.nan_to_num(rate(counts)), 0).sum(axis=-1), present.sum(axis=-1))

    return mean


def micro(rate: CountMetric) -> CountMetric:
    """A function for a rate of the counts summed over all labels; 0 where it is undefined."""
    return lambda counts: np.nan_to_num(
        rate(Counts(*(part.sum(axis=-1) for part in (counts.correct, counts.actual, counts.predicted))))
    )


def _divide(numerator: FloatArray, denominator: FloatArray) -> FloatArray:
    result: FloatArray = np.divide(
        numerator, denominator, out=np.full(np.shape(numerator), np.nan), where=np.asarray(denominator) > 0
    )
    return result
