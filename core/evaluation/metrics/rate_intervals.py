"""Intervals of metrics that follow from correct, actual and predicted labels: averaged precision, recall and F1, and MCC."""

from dataclasses import dataclass
from typing import Any, Self

import numpy as np
from scipy import sparse

from core.evaluation.statistics.intervals import UNKNOWN_INTERVAL, Interval
from core.evaluation.statistics.rates import Rates, interval_from_influence, mean_rate_interval, rate_interval
from core.evaluation.statistics.units import Units
from core.types import BoolArray, FloatArray


def f1_from_jaccard(jaccard: Any) -> Any:
    """F1 from Jaccard's index J, the share of correct rows among those with the label or predicted to have it: 2 J / (1 + J)."""
    return 2 * jaccard / (1 + jaccard)


@dataclass(frozen=True)
class LabelDecisions:
    """Which rows have, are predicted to have, and correctly have each label: sparse (n, k) of 0 and 1."""

    correct: sparse.csr_matrix
    actual: sparse.csr_matrix
    predicted: sparse.csr_matrix
    units: Units = None

    @classmethod
    def from_indicators(cls, actual: BoolArray, predicted: BoolArray, units: Units = None) -> Self:
        """The decisions of indicators (n, k)."""
        shared, occurring, chosen = (
            sparse.csr_matrix(part.astype(np.float64)) for part in (actual & predicted, actual, predicted)
        )
        return cls(shared, occurring, chosen, units)

    @property
    def rates(self) -> dict[str, Rates]:
        """Recall, precision and Jaccard's index of each label."""
        either = sparse.csr_matrix(self.actual + self.predicted - self.correct)
        return {
            "recall": Rates(self.correct, self.actual),
            "precision": Rates(self.correct, self.predicted),
            "f1": Rates(self.correct, either),
        }

    def macro_interval(self, name: str, value: float) -> Interval:
        """The interval of the mean of recall, precision or f1 over the labels."""
        rates = self.rates[name]
        if name == "f1":
            return mean_rate_interval(rates, value, self.units, f1_from_jaccard)
        return mean_rate_interval(rates, value, self.units)

    def micro_interval(self, name: str) -> Interval:
        """The interval of recall, precision or f1 of all labels together."""
        interval = rate_interval(self.rates[name].pooled(), self.units)
        return Interval(*(f1_from_jaccard(end) for end in interval)) if name == "f1" else interval

    def weighted_interval(self, name: str, value: float) -> Interval:
        """The interval of the mean of precision or f1 over the labels, weighted by their rows."""
        rows = self.actual.shape[0]
        parts = {"precision": (self.correct, self.predicted), "f1": (2 * self.correct, self.actual + self.predicted)}
        numerator, denominator = (sparse.csr_matrix(part) for part in parts[name])
        totals = _column_sums(denominator)
        rate = np.divide(_column_sums(numerator), totals, out=np.zeros(len(totals)), where=totals > 0)
        # A row moves its label's share of the rows, and the rates of the labels that it has or is predicted to have.
        weight = np.divide(_column_sums(self.actual), totals, out=np.zeros(len(totals)), where=totals > 0)
        moved = numerator @ weight - denominator @ (rate * weight)
        influence = (self.actual @ rate - value + moved) / rows
        return interval_from_influence(value, np.asarray(influence), rows, self.units)

    def matthews_interval(self, value: float) -> Interval:
        """The interval of Matthews' coefficient of classes, from its derivatives by the counts (the delta method)."""
        if not np.isfinite(value):
            return UNKNOWN_INTERVAL
        rows = self.actual.shape[0]
        actual, predicted = _column_sums(self.actual), _column_sums(self.predicted)
        of_actual, of_predicted = rows**2 - actual @ actual, rows**2 - predicted @ predicted
        root = np.sqrt(of_actual * of_predicted)
        by_actual = self.actual @ (value * actual / of_actual - predicted / root)
        by_predicted = self.predicted @ (value * predicted / of_predicted - actual / root)
        influence = _row_sums(self.correct) * rows / root + by_actual + by_predicted
        # Scaled from -1..1 to 0..1, the range of Wilson's interval.
        interval = interval_from_influence(
            (value + 1) / 2, np.asarray(influence - influence.mean()) / 2, rows, self.units
        )
        return Interval(*(2 * end - 1 for end in interval))


def _column_sums(matrix: Any) -> FloatArray:
    return np.asarray(matrix.sum(axis=0), dtype=np.float64).ravel()


def _row_sums(matrix: Any) -> FloatArray:
    return np.asarray(matrix.sum(axis=1), dtype=np.float64).ravel()
