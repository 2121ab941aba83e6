"""Intervals of rates and of their mean over labels, with few rows of a label and with rows that depend on one another.

A rate is a sum of successes over a sum of trials. Its interval is Wilson's for the *effective number of trials*: as many
independent trials as have the variance of the units (the design effect of survey statistics, Kish 1965). The interval of a mean
over labels is found from the intervals of its parts by the method of variance estimates recovery (MOVER; Zou and Donner 2008,
"Construction of confidence limits about effect measures"), with the correlation of the parts: an error between two labels lowers
both. Unlike a bootstrap, this holds where a label has few rows or no errors.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
from scipy import sparse
from scipy.stats import norm, t

from core.evaluation.statistics.intervals import UNKNOWN_INTERVAL, Interval, wilson_interval, wilson_intervals
from core.evaluation.statistics.units import Units, clustered_variance, number_units, sum_by_unit
from core.types import FloatArray

_Z = float(norm.ppf(0.975))


@dataclass(frozen=True)
class Rates:
    """Rates of k labels as successes and trials of each row, both sparse (n, k)."""

    successes: sparse.csr_matrix
    trials: sparse.csr_matrix

    @property
    def total_trials(self) -> FloatArray:
        """The number of trials of each label, (k,)."""
        return _column_sums(self.trials)

    def values(self) -> FloatArray:
        """The rate of each label, (k,); NaN without trials."""
        return _divide(_column_sums(self.successes), self.total_trials)

    def pooled(self) -> "Rates":
        """The one rate of all labels together."""
        return Rates(*(sparse.csr_matrix(part.sum(axis=1)) for part in (self.successes, self.trials)))


def rates_of_rows(values: FloatArray) -> Rates:
    """The mean of one value between 0 and 1 for each row, as a rate."""
    return Rates(sparse.csr_matrix(values[:, None]), sparse.csr_matrix(np.ones((len(values), 1))))


def share_interval(successes: Any, units: Units = None) -> Interval:
    """The interval of the share of successes among rows, both (n,); unknown without rows."""
    values = np.asarray(successes, dtype=np.float64)
    return rate_interval(rates_of_rows(values), number_units(units)) if len(values) else UNKNOWN_INTERVAL


def rate_interval(rates: Rates, units: Units = None) -> Interval:
    """The interval of a single rate (k = 1); unknown without trials."""
    value, trials = float(rates.values()[0]), float(_effective_trials(rates, units)[0])
    return wilson_interval(value * trials, trials) if trials else UNKNOWN_INTERVAL


def mean_rate_interval(
    rates: Rates, value: float, units: Units = None, transform: Callable[[Any], Any] = lambda rate: rate
) -> Interval:
    """The interval of the mean over labels of a rate, or of an increasing function of it such as F1 of Jaccard's index.

    A label without trials may have any rate: its interval is 0 to 1. ``value`` is the mean as it is reported.
    """
    rate, trials = rates.values(), _effective_trials(rates, units)
    known = trials > 0
    low, high = wilson_intervals(np.where(known, rate, 0.0), trials)
    center = np.where(known, transform(np.where(known, rate, 0.0)), 0.5)
    return mover_interval(value, center, (transform(low), transform(high)), _correlation(rates, units))


def mover_interval(
    value: float, parts: FloatArray, ends: tuple[FloatArray, FloatArray], correlation: FloatArray
) -> Interval:
    """The interval of the mean of k parts from their own values and intervals (k,) and their correlation (k, k)."""
    if not np.isfinite(value):
        return UNKNOWN_INTERVAL
    below, above = ((parts - ends[0]) / len(parts), (ends[1] - parts) / len(parts))
    low = parts.mean() - np.sqrt(max(0.0, float(below @ correlation @ below)))
    high = parts.mean() + np.sqrt(max(0.0, float(above @ correlation @ above)))
    return Interval(float(max(0.0, min(value, low))), float(min(1.0, max(value, high))))


def interval_from_influence(value: float, influence: FloatArray, rows: float, units: Units = None) -> Interval:
    """Wilson's interval of any metric between 0 and 1 from the influence of each row on it, (n,).

    Args:
        value: the metric.
        influence: how much each row moves the metric, with the sum 0.
        rows: the number of independent rows that counts where no row moves the metric.
        units: see :mod:`core.evaluation.statistics.units`.
    """
    if not np.isfinite(value):
        return UNKNOWN_INTERVAL
    variance = clustered_variance(influence, units)
    effective = value * (1 - value) / variance if variance > 1e-15 and 0 < value < 1 else rows
    return wilson_interval(value * effective, effective)


def influence_correlation(influence: FloatArray, units: Units) -> FloatArray:
    """The correlation (k, k) of k metrics from the influence of each row on them (n, k); 1 where one of them does not vary."""
    sums = sum_by_unit(influence, units)
    covariance = sums.T @ sums
    spread = np.sqrt(np.diag(covariance))
    varies = np.outer(spread, spread) > 0
    return np.asarray(np.divide(covariance, np.outer(spread, spread), out=np.ones_like(covariance), where=varies))


def _effective_trials(rates: Rates, units: Units) -> FloatArray:
    """As many independent trials as vary like each rate, (k,); 0 without trials."""
    value, trials = np.nan_to_num(rates.values()), rates.total_trials
    by_unit = Rates(sum_by_unit(rates.successes, units), sum_by_unit(rates.trials, units))
    variances = np.maximum(_variances(rates, value), _variances(by_unit, value))
    # Where all trials or none succeed, the variance is unknown: the trials of a unit count as one.
    largest = _divide(trials**2, _column_sums(by_unit.trials.multiply(by_unit.trials)))
    effective = np.where(variances > 1e-15, _divide(value * (1 - value) * trials**2, variances), np.nan_to_num(largest))
    # Few units of several rows: their variance is an estimate, so that Student's t takes the place of the normal.
    count = np.asarray(by_unit.trials.getnnz(axis=0), dtype=np.float64)
    widening = (t.ppf(0.975, np.maximum(count - 1, 1)) / _Z) ** 2 - 1
    shared = 1 - np.nan_to_num(_divide(largest, trials), nan=1.0)
    return np.asarray(np.minimum(effective, trials) / (1 + widening * shared))


def _variances(rates: Rates, value: FloatArray) -> FloatArray:
    """The variance of the sum of successes of each label, (k,)."""
    deviations = _deviations(rates, value)
    return _column_sums(deviations.multiply(deviations))


def _correlation(rates: Rates, units: Units) -> FloatArray:
    """The correlation of the rates (k, k). Where one of them does not vary, it is 1 if units are shared, else 0."""
    value = np.nan_to_num(rates.values())
    deviations = sum_by_unit(_deviations(rates, value), units)
    trials = sum_by_unit(rates.trials, units)
    covariance, shared = (np.asarray((part.T @ part).todense()) for part in (deviations, trials))
    spread = np.sqrt(np.diag(covariance))
    varies = np.outer(spread, spread) > 1e-12
    correlation = np.where(varies, _divide(covariance, np.outer(spread, spread)), shared > 0)
    np.fill_diagonal(correlation, 1.0)
    return np.asarray(correlation, dtype=np.float64)


def _deviations(rates: Rates, value: FloatArray) -> sparse.csr_matrix:
    return sparse.csr_matrix(rates.successes - rates.trials.multiply(value[None, :]))


def _column_sums(matrix: Any) -> FloatArray:
    return np.asarray(matrix.sum(axis=0), dtype=np.float64).ravel()


def _divide(numerator: FloatArray, denominator: FloatArray) -> FloatArray:
    result: FloatArray = np.divide(
        numerator, denominator, out=np.full(np.shape(numerator), np.nan), where=np.asarray(denominator) > 0
    )
    return result
