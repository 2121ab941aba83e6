"""Means over a pile that has the same mix of texts as the labeled rows: prediction-powered inference.

The mean of the predictions over the pile is corrected by the mean error on the labeled rows (Angelopoulos et al. 2023). A weight
of the predictions between 0 and 1 is chosen for the smallest variance, so that it is never worse than the labeled rows alone
(power tuning, PPI++; Angelopoulos, Duchi and Zrnic 2023). For numbers the weight is the slope of the regression of the actual on
the predicted values, which also corrects for a pile whose predictions are higher or lower on the whole (the regression estimator,
Cochran 1977, chapter 7).
"""

import numpy as np
from scipy.stats import t

from core.evaluation.prevalence.pile import Moments
from core.evaluation.statistics.intervals import UNKNOWN_INTERVAL, Interval, wilson_interval
from core.evaluation.statistics.units import Units, clustered_variance, count_units, number_units
from core.types import BoolArray, FloatArray

_WEIGHTS = np.linspace(0.0, 1.0, 21)


def prediction_powered_share(
    actual: BoolArray, predicted: BoolArray, pile: Moments, units: Units = None
) -> tuple[float, Interval]:
    """The share of a class in the pile, with its interval.

    The interval is Wilson's for as many independent rows as have the variance of the estimate. Two made-up errors, one of either
    kind, are part of the variance, because a class with few labeled rows may have no errors there by chance.

    Args:
        actual: whether each labeled row has the class, (n,).
        predicted: whether it was predicted, (n,).
        pile: 1 for each text of the pile with the prediction, 0 for each without.
        units: see :mod:`core.evaluation.statistics.units`.
    """
    y, f, rows = actual.astype(np.float64), predicted.astype(np.float64), len(actual)
    if not rows or not pile.rows:
        return float("nan"), UNKNOWN_INTERVAL
    units = number_units(units)
    variances = []
    for weight in _WEIGHTS:
        errors = y - weight * f
        made_up = weight * (1 + weight) / rows**2
        sampled = clustered_variance((errors - errors.mean()) / rows, units)
        variances.append(sampled + made_up + weight**2 * pile.variance / pile.rows)
    best = int(np.argmin(variances))
    share = float(np.clip(y.mean() + _WEIGHTS[best] * (pile.mean - f.mean()), 0.0, 1.0))
    # The share at the edge has no variance of its own: that of the labeled rows alone, as Wilson's interval has it.
    bounded = min(max(share, 1 / (rows + 2)), 1 - 1 / (rows + 2))
    effective = bounded * (1 - bounded) / variances[best] if variances[best] > 0 else count_units(rows, units)
    return share, wilson_interval(share * effective, effective)


def prediction_powered_mean(
    actual: FloatArray, predicted: FloatArray, pile: Moments, units: Units = None
) -> tuple[float, Interval]:
    """The mean of a number over the pile, with its interval from Student's t; unknown for fewer than 3 rows or units."""
    rows = len(actual)
    units = number_units(units)
    independent = count_units(rows, units)
    if independent < 3 or not pile.rows:
        return float("nan"), UNKNOWN_INTERVAL
    y, f = actual.astype(np.float64), predicted.astype(np.float64)
    spread = float(((f - f.mean()) ** 2).sum())
    slope = float((f - f.mean()) @ (y - y.mean())) / spread if spread > 0 else 0.0
    distance = pile.mean - f.mean()
    residuals = y - y.mean() - slope * (f - f.mean())
    # How much the residual of each row moves the estimate: through the mean, and through the slope.
    influence = residuals * (1 / rows + (distance * (f - f.mean()) / spread if spread > 0 else 0.0))
    variance = clustered_variance(influence, units) * independent / (independent - 2)
    variance += slope**2 * pile.variance / pile.rows
    half = float(t.ppf(0.975, independent - 2) * np.sqrt(variance))
    mean = float(y.mean() + slope * distance)
    return mean, Interval(mean - half, mean + half)
