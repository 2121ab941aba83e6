"""95% intervals: of a proportion (Wilson 1927), and of any metric from its values on resampled rows.

:mod:`core.evaluation.statistics.resampling` draws the resamples.
"""

from typing import NamedTuple

import numpy as np
from scipy.optimize import brentq
from scipy.stats import norm, t

from core.types import FloatArray

_Z = float(norm.ppf(0.975))


class Interval(NamedTuple):
    """Both ends of a 95% interval; NaN where it is unknown."""

    low: float
    high: float


UNKNOWN_INTERVAL = Interval(float("nan"), float("nan"))


def wilson_interval(successes: float, rows: float) -> Interval:
    """Wilson's interval of the proportion successes / rows of independent rows; neither needs to be a whole number."""
    if rows <= 0:
        return UNKNOWN_INTERVAL
    share, z2 = successes / rows, _Z**2
    center = (share + z2 / (2 * rows)) / (1 + z2 / rows)
    half_width = _Z / (1 + z2 / rows) * np.sqrt(share * (1 - share) / rows + z2 / (4 * rows**2))
    # The formula gives exactly 0 and 1 at the ends; rounding may miss them.
    return Interval(
        float(max(0.0, min(share, center - half_width))),
        float(min(1.0, max(share, center + half_width))),
    )


def wilson_intervals(shares: FloatArray, trials: FloatArray) -> tuple[FloatArray, FloatArray]:
    """Wilson's intervals of many proportions, (k,) each; 0 to 1 without trials."""
    rows, z2 = np.maximum(trials, 1e-12), _Z**2
    center = (shares + z2 / (2 * rows)) / (1 + z2 / rows)
    half_width = _Z / (1 + z2 / rows) * np.sqrt(shares * (1 - shares) / rows + z2 / (4 * rows**2))
    known = trials > 0
    low = np.where(known, np.clip(center - half_width, 0.0, shares), 0.0)
    high = np.where(known, np.clip(center + half_width, shares, 1.0), 1.0)
    return low, high


def auc_interval(area: float, positives: float, negatives: float, design_effect: float = 1.0) -> Interval:
    """The interval of an ROC-AUC by method 5 of Newcombe (2006).

    The variance is that of Hanley and McNeil (1982) at each possible area, with half of all rows in place of either side, and is
    multiplied by the design effect of dependent rows. The ends are the areas from which ``area`` is 1.96 standard errors away.
    """
    if positives < 1 or negatives < 1 or not np.isfinite(area):
        return UNKNOWN_INTERVAL
    half = (positives + negatives) / 2 - 1

    def distance(possible: float) -> float:
        shape = 1 + half * ((1 - possible) / (2 - possible) + possible / (1 + possible))
        variance = possible * (1 - possible) * shape / (positives * negatives) * design_effect
        return float((area - possible) ** 2 - _Z**2 * variance)

    # At the area itself the distance is negative, and at 0 and 1 positive, except where the area is 0 or 1.
    inside = min(max(area, 1e-9), 1 - 1e-9)
    low = float(brentq(distance, 0.0, inside)) if area > 1e-9 else 0.0
    high = float(brentq(distance, inside, 1.0)) if area < 1 - 1e-9 else 1.0
    return Interval(min(area, low), max(area, high))


def percentile_interval(value: float, resampled: FloatArray, rows: int) -> Interval:
    """The expanded percentile interval (Hesterberg 2015): wider than the percentiles, as Student's t is than the normal."""
    resampled = resampled[np.isfinite(resampled)]
    if not np.isfinite(value) or len(resampled) < 2 or rows < 2:
        return UNKNOWN_INTERVAL
    tail = float(norm.cdf(np.sqrt(rows / (rows - 1)) * t.ppf(0.025, rows - 1)))
    low, high = np.quantile(resampled, [tail, 1 - tail])
    return Interval(min(value, float(low)), max(value, float(high)))
