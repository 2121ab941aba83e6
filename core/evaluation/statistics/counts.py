"""Classification metrics from counts for each class, for one set of predictions or for thousands of resamples at once.

Accuracy, precision, recall, F1 and Matthews' coefficient need three counts for each class: how often it was predicted
correctly, how often it occurs, and how often it was predicted. Shapes below: (..., k) with k classes or labels; the leading
axes are resamples. Averages treat undefined rates as scikit-learn's ``zero_division=0`` does, so that they agree with it;
:func:`precision`, :func:`recall` and :func:`f1` of one class are NaN where they are undefined.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Self

import numpy as np

from core.task import Floats
from core.types import BoolArray, FloatArray, Targets


@dataclass(frozen=True)
class Counts:
    """Three counts for each class, each (..., k)."""

    correct: FloatArray
    actual: FloatArray
    predicted: FloatArray

    @classmethod
    def from_classes(cls, y_true: Targets, y_pred: Targets, classes: int) -> Self:
        """Counts of n predictions, (classes,); class numbers (n,)."""
        counts = [
            np.bincount(numbers, minlength=classes).astype(np.float64)
            for numbers in (y_true[y_true == y_pred], y_true, y_pred)
        ]
        return cls(*counts)

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


def precision(counts: Counts) -> FloatArray:
    """Precision of each class, (..., k); NaN where it was never predicted."""
    return _divide(counts.correct, counts.predicted)


def recall(counts: Counts) -> FloatArray:
    """Recall of each class, (..., k); NaN where it has no rows."""
    return _divide(counts.correct, counts.actual)


def f1(counts: Counts) -> FloatArray:
    """F1 of each class, (..., k); NaN where it neither occurs nor is predicted."""
    return _divide(2 * counts.correct, counts.actual + counts.predicted)


def accuracy(counts: Counts) -> FloatArray:
    """Accuracy of predictions of one class for each row, (...)."""
    return _divide(counts.correct.sum(axis=-1), counts.actual.sum(axis=-1))


def balanced_accuracy(counts: Counts) -> FloatArray:
    """Mean recall of the classes that occur, (...)."""
    return _masked_mean(recall(counts), counts.actual > 0)


def macro(rate: CountMetric) -> CountMetric:
    """A function for the unweighted mean of a rate over the classes that occur or are predicted; undefined rates count as 0."""
    return lambda counts: _masked_mean(np.nan_to_num(rate(counts)), counts.actual + counts.predicted > 0)


def weighted(rate: CountMetric) -> CountMetric:
    """A function for the mean of a rate over the classes, weighted by their rows."""
    return lambda counts: _divide(
        (np.nan_to_num(rate(counts)) * counts.actual).sum(axis=-1), counts.actual.sum(axis=-1)
    )


def macro_over_labels(rate: CountMetric) -> CountMetric:
    """A function for the unweighted mean of a rate over all labels, as in scikit-learn; undefined rates count as 0."""
    return lambda counts: np.asarray(np.nan_to_num(rate(counts)).mean(axis=-1))


def micro(rate: CountMetric) -> CountMetric:
    """A function for a rate of the counts summed over all labels; 0 where it is undefined."""
    return lambda counts: np.nan_to_num(
        rate(Counts(*(part.sum(axis=-1) for part in (counts.correct, counts.actual, counts.predicted))))
    )


def matthews_corrcoef(counts: Counts) -> FloatArray:
    """Matthews' correlation coefficient (Gorodkin 2004), (...); NaN where only one class occurs or only one is predicted."""
    rows = counts.actual.sum(axis=-1)
    covariance = counts.correct.sum(axis=-1) * rows - (counts.actual * counts.predicted).sum(axis=-1)
    variances = [rows**2 - (part**2).sum(axis=-1) for part in (counts.actual, counts.predicted)]
    # Rounding of scaled counts may leave a variance of 1e-12 where it is 0.
    variances = [np.where(variance > 1e-9 * rows**2, variance, 0) for variance in variances]
    return _divide(covariance, np.sqrt(variances[0] * variances[1]))


def _divide(numerator: FloatArray, denominator: FloatArray) -> FloatArray:
    result: FloatArray = np.divide(
        numerator, denominator, out=np.full(np.shape(numerator), np.nan), where=np.asarray(denominator) > 0
    )
    return result


def _masked_mean(values: FloatArray, mask: BoolArray) -> FloatArray:
    return _divide(np.where(mask, values, 0).sum(axis=-1), mask.sum(axis=-1))
