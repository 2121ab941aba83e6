"""Shares of classes in a pile where the mix of classes may differ from that of the labeled rows (label shift).

It is assumed that the texts of a class look as in the labeled rows, so that the model confuses them as often there: then the
shares of predictions q are the confusion rates times the true shares, q = C p, and p is found by inverting C (adjusted classify
and count, Forman 2008; black box shift estimation, Lipton et al. 2018). The shares that are most likely given the predictions are
found by the EM algorithm of Saerens et al. (2002), so that none is below 0.

The interval of a share is found by asking of each possible share whether it can explain the predictions. For class k, row k of
the inverse of C weighs the predictions so that a row of class k counts 1 on average and a row of any other class 0, and so the
shares of the others do not matter. What is known of these two means and of the mean of the pile are Wilson's intervals, which are
joined by the method of variance estimates recovery for ratios (Donner and Zou 2012; Fieller 1954). They hold where a class has
few labeled rows or no errors.
"""

from dataclasses import dataclass

import numpy as np
from scipy import sparse

from core.evaluation.statistics.intervals import Interval, wilson_interval
from core.evaluation.statistics.rates import Rates, rate_interval
from core.evaluation.statistics.units import Units
from core.types import FloatArray, IndexArray

_STEPS, _CONVERGED = 2_000, 1e-10
# Possible shares that are tried: dense near 0, where the shares of rare classes are.
_POSSIBLE = np.linspace(0.0, 1.0, 2_001) ** 2


@dataclass(frozen=True)
class LabeledClasses:
    """The actual and the predicted class of labeled rows, (n,) each; rows of one unit depend on one another."""

    actual: IndexArray
    predicted: IndexArray
    classes: int
    units: Units = None

    @property
    def counts(self) -> FloatArray:
        """The number of rows of each class, (k,)."""
        return np.bincount(self.actual, minlength=self.classes).astype(np.float64)

    def confusion_rates(self) -> FloatArray:
        """How often a row of each class (column) is predicted as each class (row), (k, k).

        One made-up row of each class, which is predicted correctly as often as all rows are, keeps classes with few rows from
        having no errors at all or only errors.
        """
        counts = np.zeros((self.classes, self.classes))
        np.add.at(counts, (self.predicted, self.actual), 1.0)
        accuracy = (np.trace(counts) + 1) / (len(self.actual) + 2)
        elsewhere = np.outer(counts.sum(axis=1) + 1 / self.classes, np.ones(self.classes))
        np.fill_diagonal(elsewhere, 0.0)
        made_up = (1 - accuracy) * elsewhere / elsewhere.sum(axis=0) + accuracy * np.eye(self.classes)
        return np.asarray((counts + made_up) / (self.counts + 1))


def most_likely_shares(rates: FloatArray, predicted: FloatArray) -> FloatArray:
    """The shares of the classes (k,) that make the predicted counts (k,) most likely (EM, Saerens et al. 2002)."""
    shares = np.full(len(predicted), 1 / len(predicted))
    observed = predicted / predicted.sum()
    for _ in range(_STEPS):
        before = shares
        shares = shares * (rates.T @ (observed / np.maximum(rates @ shares, 1e-300)))
        if np.abs(shares - before).max() < _CONVERGED:
            break
    return np.asarray(shares / shares.sum())


def share_intervals(
    labeled: LabeledClasses, rates: FloatArray, predicted: FloatArray, shares: FloatArray
) -> list[Interval]:
    """The interval of the share of each class from confusion rates (k, k), predicted counts (k,) and most likely shares (k,)."""
    inverse = np.linalg.pinv(rates)
    # Weights between 0 and 1 are a rate for Wilson's interval.
    low = inverse.min(axis=1, keepdims=True)
    weights = (inverse - low) / np.maximum(np.ptp(inverse, axis=1, keepdims=True), 1e-12)
    return [_share_interval(labeled, k, weights[k], predicted, shares) for k in range(labeled.classes)]


def _share_interval(
    labeled: LabeledClasses, k: int, weights: FloatArray, predicted: FloatArray, shares: FloatArray
) -> Interval:
    rows = predicted.sum()
    mean = float(weights @ predicted) / rows
    variance = float(((weights - mean) ** 2) @ predicted) / rows**2
    effective = min(rows, mean * (1 - mean) / variance) if variance > 0 else rows
    pile = Part(mean, wilson_interval(mean * effective, effective))
    scores, of_class = weights[labeled.predicted], labeled.actual == k
    rest = np.where(of_class, 0.0, _row_weights(labeled, shares))
    parts = [_part(scores, part, labeled.units) for part in (of_class.astype(np.float64), rest)]
    interval = mixture_interval(pile, parts[0], parts[1])
    return Interval(min(interval.low, float(shares[k])), max(interval.high, float(shares[k])))


def _row_weights(labeled: LabeledClasses, shares: FloatArray) -> FloatArray:
    """How much each labeled row counts, (n,), for the labeled rows to have the shares of the pile."""
    return np.asarray((shares / np.maximum(labeled.counts, 1.0))[labeled.actual])


@dataclass(frozen=True)
class Part:
    """A mean between 0 and 1 with its interval; 0 to 1 where nothing is known."""

    mean: float
    interval: Interval


def _part(scores: FloatArray, weights: FloatArray, units: Units) -> Part:
    """The weighted mean of scores between 0 and 1, for as many rows as vary like it (Kish 1965)."""
    squares = float(weights @ weights)
    if squares == 0:
        return Part(0.5, Interval(0.0, 1.0))
    trials = weights * weights.sum() / squares
    rates = Rates(*(sparse.csr_matrix(column[:, None]) for column in (trials * scores, trials)))
    return Part(float(rates.values()[0]), rate_interval(rates, units))


def mixture_interval(mixture: Part, first: Part, second: Part) -> Interval:
    """The interval of the share p of the first of two parts in a mixture with the mean p * first + (1 - p) * second.

    Every p is in it for which the mean of the mixture is not too far from what p explains. 0 to 1 where the parts are too
    alike.
    """
    p = _POSSIBLE
    excess = mixture.mean - p * first.mean - (1 - p) * second.mean
    above = _root_of_squares(
        mixture.mean - mixture.interval.low,
        p * (first.interval.high - first.mean),
        (1 - p) * (second.interval.high - second.mean),
    )
    below = _root_of_squares(
        mixture.interval.high - mixture.mean,
        p * (first.mean - first.interval.low),
        (1 - p) * (second.mean - second.interval.low),
    )
    possible = p[(excess <= above) & (excess >= -below)]
    if not len(possible):
        return Interval(0.0, 1.0)
    # The true ends are between the possible shares and their neighbors.
    first_index, last_index = np.searchsorted(p, [possible[0], possible[-1]])
    return Interval(float(p[max(0, first_index - 1)]), float(p[min(len(p) - 1, last_index + 1)]))


def _root_of_squares(*parts: FloatArray | float) -> FloatArray:
    return np.sqrt(sum(np.square(part) for part in parts))
