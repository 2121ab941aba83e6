"""95% intervals: of a proportion (Wilson 1927), and of any metric from its values on resampled rows.

:mod:`core.evaluation.statistics.resampling` draws the resamples.
"""

from typing import NamedTuple

import numpy as np
from scipy.stats import norm, t

from core.types import FloatArray

_BIAS_CORRECTION = 0.5
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


def share_interval(
    value: float, resampled: FloatArray, expected: float, rows: float, inflation: float = 1.0
) -> Interval:
    """Wilson's interval of a metric between 0 and 1, treated as a proportion of as many rows as vary like the resamples.

    Args:
        value: the metric on all rows.
        resampled: the metric on each resample, NaN where it is undefined.
        expected: the metric of the distribution that the resamples come from; their mean deviation from it is bias.
        rows: the effective number of rows where all resamples are equal.
        inflation: the factor by which resampling underestimates the variance.
    """
    resampled = resampled[np.isfinite(resampled)]
    if not np.isfinite(value) or len(resampled) < 2:
        return UNKNOWN_INTERVAL
    variance = float(resampled.var()) * inflation
    expected = min(max(expected, 0.0), 1.0)
    effective_rows = expected * (1 - expected) / variance if variance > 1e-15 and 0 < expected < 1 else rows
    center = min(max(value - _BIAS_CORRECTION * (float(resampled.mean()) - expected), 0.0), 1.0)
    interval = wilson_interval(center * effective_rows, effective_rows)
    return Interval(min(value, interval.low), max(value, interval.high))


def percentile_interval(value: float, resampled: FloatArray, rows: int) -> Interval:
    """The expanded percentile interval (Hesterberg 2015): wider than the percentiles, as Student's t is than the normal."""
    resampled = resampled[np.isfinite(resampled)]
    if not np.isfinite(value) or len(resampled) < 2 or rows < 2:
        return UNKNOWN_INTERVAL
    tail = float(norm.cdf(np.sqrt(rows / (rows - 1)) * t.ppf(0.025, rows - 1)))
    low, high = np.quantile(resampled, [tail, 1 - tail])
    return Interval(min(value, float(low)), max(value, float(high)))


def variance_inflation(class_sizes: FloatArray) -> float:
    """The factor by which resampling underestimates the variance of a mean over classes: m / (m - 1) for m rows.

    A class is weighted by what it adds to the variance, 1 / m. A class of one row, whose variance is unknown, counts twice.
    """
    sizes = class_sizes[class_sizes > 0]
    return float((1 / np.maximum(1, sizes - 1)).sum() / (1 / sizes).sum()) if len(sizes) else 1.0
