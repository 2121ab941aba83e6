"""Measures of a classification from counts of each class, for one set of answers or for thousands of resamples at once.

All that accuracy, precision, recall, F1 and Matthews' coefficient need of n answers are three counts a class: how often it
was rightly answered, how often it occurs, how often it was answered. Shapes below: (..., k) with k classes or labels; the
leading axes are resamples. What scikit-learn calls ``zero_division=0`` holds for averages, so that they equal its own;
:func:`precision`, :func:`recall` and :func:`f1` of one class are NaN where they are undefined.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Self

import numpy as np
import numpy.typing as npt

Values = npt.NDArray[np.float64]
Targets = npt.NDArray[Any]


@dataclass(frozen=True)
class Counts:
    """Three counts a class, each (..., k)."""

    right: Values
    actual: Values
    predicted: Values

    @classmethod
    def of_classes(cls, targets: Targets, decided: Targets, classes: int) -> Self:
        """The counts of n answers, (classes,); targets and answers as class numbers (n,)."""
        count = [
            np.bincount(which, minlength=classes).astype(np.float64)
            for which in (targets[targets == decided], targets, decided)
        ]
        return cls(*count)

    @classmethod
    def of_labels(cls, targets: Targets, decided: Targets) -> Self:
        """The counts of n answers with any number of labels, (k,); both (n, k) of 0 and 1."""
        return cls((targets * decided).sum(axis=0), targets.sum(axis=0), decided.sum(axis=0))

    @classmethod
    def from_resamples(cls, drawn: npt.NDArray[np.float32], wanted: Targets, given: Targets) -> Self:
        """The counts of resamples, (resamples, k); rows drawn so many times, (resamples, n); both sides (n, k) of 0 and 1."""
        parts = (wanted * given, wanted, given)
        return cls(*(np.asarray(drawn @ part.astype(np.float32), dtype=np.float64) for part in parts))


def precision(counts: Counts) -> Values:
    """Share of the answers of a class that are right, (..., k); NaN where it was never answered."""
    return _over(counts.right, counts.predicted)


def recall(counts: Counts) -> Values:
    """Share of the rows of a class that were found, (..., k); NaN where it has none."""
    return _over(counts.right, counts.actual)


def f1(counts: Counts) -> Values:
    """Harmonic mean of precision and recall, (..., k); NaN where a class neither occurs nor is answered."""
    return _over(2 * counts.right, counts.actual + counts.predicted)


def accuracy(counts: Counts) -> Values:
    """Share of right answers, where each row has one class."""
    return _over(counts.right.sum(axis=-1), counts.actual.sum(axis=-1))


def balanced_accuracy(counts: Counts) -> Values:
    """Mean recall of the classes that occur."""
    return _mean(recall(counts), counts.actual > 0)


def macro(rate: Callable[[Counts], Values]) -> Callable[[Counts], Values]:
    """The plain mean of a rate over the classes that occur or are answered; undefined ones count as 0."""
    return lambda counts: _mean(np.nan_to_num(rate(counts)), counts.actual + counts.predicted > 0)


def weighted(rate: Callable[[Counts], Values]) -> Callable[[Counts], Values]:
    """The mean of a rate, each class weighing as many as it has rows."""
    return lambda counts: _over((np.nan_to_num(rate(counts)) * counts.actual).sum(axis=-1), counts.actual.sum(axis=-1))


def macro_of_labels(rate: Callable[[Counts], Values]) -> Callable[[Counts], Values]:
    """The plain mean of a rate over all labels, as scikit-learn has it for several labels; undefined ones count as 0."""
    return lambda counts: np.asarray(np.nan_to_num(rate(counts)).mean(axis=-1))


def micro(rate: Callable[[Counts], Values]) -> Callable[[Counts], Values]:
    """A rate of all labels thrown together; 0 where it is undefined."""
    return lambda counts: np.nan_to_num(
        rate(Counts(*(part.sum(axis=-1) for part in (counts.right, counts.actual, counts.predicted))))
    )


def matthews(counts: Counts) -> Values:
    """Matthews' correlation of actual and answered class (Gorodkin 2004); NaN where only one occurs or only one is answered."""
    rows = counts.actual.sum(axis=-1)
    together = counts.right.sum(axis=-1) * rows - (counts.actual * counts.predicted).sum(axis=-1)
    std = [rows**2 - (part**2).sum(axis=-1) for part in (counts.actual, counts.predicted)]
    # Counts that were scaled may leave a spread of 1e-12 where it is 0.
    std = [np.where(part > 1e-9 * rows**2, part, 0) for part in std]
    return _over(together, np.sqrt(std[0] * std[1]))


def _over(part: Values, whole: Values) -> Values:
    result: Values = np.divide(part, whole, out=np.full(np.shape(part), np.nan), where=np.asarray(whole) > 0)
    return result


def _mean(values: Values, which: npt.NDArray[np.bool_]) -> Values:
    return _over(np.where(which, values, 0).sum(axis=-1), which.sum(axis=-1))
