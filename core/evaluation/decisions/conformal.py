"""Intervals around predicted numbers by split conformal prediction (Vovk 2005; Lei 2018)."""

import math

import numpy as np

from core.errors import ConfigError
from core.evaluation.statistics.intervals import Interval, wilson_interval
from core.types import FloatArray


def conformal_half_width(errors: FloatArray, level: float = 0.9) -> float:
    """The half width of an interval that covers a new value with probability ``level`` or more.

    It is the ceil((n + 1) level)-th smallest of the absolute errors (n,) on validation rows; infinite with too few rows.

    Raises:
        ConfigError: the level is not between 0 and 1.
    """
    if not 0 < level < 1:
        raise ConfigError(f"Expected a level between 0 and 1, found {level}.", "Enter a share such as 0.9.")
    # The small subtraction corrects rounding: 0.9 * 10 is slightly more than 9 in floating point.
    rank = math.ceil((len(errors) + 1) * level - 1e-9)
    return float(np.sort(errors)[rank - 1]) if rank <= len(errors) else math.inf


def conformal_coverage(errors: FloatArray, half_width: float) -> tuple[float, Interval]:
    """The share of absolute errors (n,) within the half width, with its Wilson interval; NaN without rows."""
    covered = float((errors <= half_width).sum())
    return (covered / len(errors) if len(errors) else math.nan), wilson_interval(covered, len(errors))
