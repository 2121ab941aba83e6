"""Learning curves: nested training subsets, and a power law through their scores that projects the score of more rows."""

import warnings
from dataclasses import dataclass
from typing import Literal

import numpy as np
import numpy.typing as npt
from scipy.optimize import OptimizeWarning, curve_fit
from scipy.stats import linregress, t

from core.errors import ConfigError
from core.types import FloatArray, IndexArray, Targets

_MIN_SUBSET = 8
_MAX_SUBSETS = 5
_RESAMPLES = 60
# The gain from twice the rows that counts as none, as a part of the highest score, or of an error.
_NO_GAIN = 0.005
# Exponents in practice lie between 0.1 and 1 (Hestness 2017). Beyond these bounds anything fits few points.
_EXPONENTS = (0.05, 2.0)


Trend = Literal["flat", "rising", "unclear"]


@dataclass(frozen=True)
class PowerLaw:
    """The curve ceiling - scale * n ** -exponent."""

    ceiling: float
    scale: float
    exponent: float

    def predict(self, sizes: npt.ArrayLike) -> FloatArray:
        """The curve's scores at these numbers of rows."""
        return _power_law(np.asarray(sizes, dtype=np.float64), self.ceiling, self.scale, self.exponent)


@dataclass(frozen=True)
class Extrapolation:
    """The projected score at ``size`` rows with a rough 95% interval, its gain over the largest size seen, and the curve.

    ``trend`` is "flat" only where doubling the rows is known to change it by less than half a hundredth of the scale, and
    "unclear" where the scores may as well be noise.
    """

    curve: PowerLaw
    size: int
    value: float
    low: float
    high: float
    gain: float
    trend: Trend

    @property
    def sentence(self) -> str:
        """The projected gain in words."""
        half_width = self.value - self.low
        if self.trend == "flat":
            return f"The curve is flat: the projected score at {self.size:,} rows is about the same as now."
        if self.trend == "unclear":
            return f"These scores vary too much to tell whether {self.size:,} rows would give a better score."
        return f"The projected score at {self.size:,} rows is {self.gain:.3f} better than now, give or take {half_width:.3f}."


def nested_subsets(targets: Targets, seed: int = 0) -> list[IndexArray]:
    """Row positions of growing training subsets, each contained in the next; the last one has all rows.

    Sizes halve from the end. Each subset is stratified as well as possible and has at least one row of each class; rows with
    several labels or a number are drawn at random.

    Raises:
        ConfigError: there are fewer than two rows.
    """
    rows = len(targets)
    if rows < 2:
        raise ConfigError(f"Expected two rows or more for a learning curve, found {rows}.", "Add texts.")
    order, classes = _stratified_order(targets, np.random.default_rng(seed))
    smallest = max(min(_MIN_SUBSET, rows), classes)
    sizes = {size for halvings in range(_MAX_SUBSETS) if (size := rows // 2**halvings) >= smallest} | {rows}
    return [np.sort(order[:size]) for size in sorted(sizes)]


def extrapolate(
    sizes: npt.ArrayLike, scores: npt.ArrayLike, size: int | None = None, max_score: float = 1.0, seed: int = 0
) -> Extrapolation:
    """The projected score at ``size`` rows (by default twice the largest), from scores at smaller sizes.

    Higher scores are better, and none exceeds ``max_score``; for an error, pass its negative and 0. The interval comes from
    resampling the residuals and refitting. It assumes a power law, and is rough.

    Raises:
        ConfigError: fewer than three different sizes have a score.
    """
    x, y = np.asarray(sizes, dtype=np.float64), np.asarray(scores, dtype=np.float64)
    valid = np.isfinite(y) & (x > 0)
    x, y = x[valid], y[valid]
    if len(np.unique(x)) < 3:
        raise ConfigError(
            f"Expected scores at three sizes or more, found {len(np.unique(x))}.", "Train with more rows."
        )
    size = size or round(2 * float(x.max()))
    curve = _fit(x, y, max_score)
    value, now = (float(score) for score in curve.predict([size, x.max()]))
    half_width = _half_width(x, y, curve, size, max_score, seed)
    low, high = value - half_width, min(max_score, value + half_width)
    trend = _trend(x, y, value - now, max_score)
    return Extrapolation(curve, size, value, low, max(high, value), value - now, trend)


def _trend(x: FloatArray, y: FloatArray, gain: float, max_score: float) -> Trend:
    """The trend from the 95% interval of the mean gain per doubling, the slope of a line over the logarithm of the sizes.

    Learning curves flatten, so the next doubling gains at most that. A curve that rose is flat at its end if its last two
    doublings, and the projection, show no gain.
    """
    line = linregress(np.log2(x), y)
    margin = float(t.ppf(0.975, max(1, len(x) - 2))) * float(line.stderr)
    no_gain = _NO_GAIN * (max_score if max_score > 0 else float(np.abs(y).max()))
    if abs(line.slope) + margin < no_gain:
        return "flat"
    if line.slope - margin <= 0:
        return "unclear"
    last = y[np.argsort(x)][-3:]
    return "flat" if max(gain, float(np.ptp(last))) < no_gain else "rising"


def _power_law(sizes: FloatArray, ceiling: float, scale: float, exponent: float) -> FloatArray:
    return np.asarray(ceiling - scale * sizes**-exponent)


def _fit(x: FloatArray, y: FloatArray, max_score: float) -> PowerLaw:
    """The power law by least squares; larger sizes weigh more, because their scores vary less."""
    # In units of the smallest size, the scale is the whole height and all three parameters have similar magnitudes.
    unit = float(x.min())
    highest = max(max_score, float(y.max()))
    height = max(highest - float(y.min()), 1e-6)
    bounds = ([float(y.min()) - height, 0.0, _EXPONENTS[0]], [highest + 1e-9, 4 * height, _EXPONENTS[1]])
    start = [min(float(y.max()) + 1e-6, highest), max(float(np.ptp(y)), 1e-6), 0.5]
    with warnings.catch_warnings():
        # Three points determine three parameters exactly, without a covariance, which is not used.
        warnings.simplefilter("ignore", OptimizeWarning)
        fitted, _ = curve_fit(
            _power_law, x / unit, y, p0=start, bounds=bounds, sigma=(x / unit) ** -0.25, maxfev=20_000
        )
    ceiling, scale, exponent = (float(parameter) for parameter in fitted)
    return PowerLaw(ceiling, scale * unit**exponent, exponent)


def _half_width(x: FloatArray, y: FloatArray, curve: PowerLaw, size: int, max_score: float, seed: int) -> float:
    """Half the width of the interval at ``size``: the spread of refitted curves and the noise of one score, by Student's t."""
    rng = np.random.default_rng(seed)
    fitted = curve.predict(x)
    # Three parameters fit three points exactly, so the residuals are then 0 and do not show the noise.
    noise = float(np.sqrt(((y - fitted) ** 2).sum() / max(1, len(x) - 3)))
    noise = max(noise, 0.1 * float(np.ptp(y)) / np.sqrt(len(x)))
    refitted = [
        float(_fit(x, fitted + rng.normal(0, noise, len(x)), max_score).predict([size])[0]) for _ in range(_RESAMPLES)
    ]
    # With two degrees of freedom or fewer the interval would be useless; three make it wide enough for a rough one.
    return float(t.ppf(0.975, max(3, len(x) - 3)) * np.hypot(np.std(refitted), noise))


def _stratified_order(targets: Targets, rng: np.random.Generator) -> tuple[IndexArray, int]:
    """An order of the rows in which every prefix is stratified, and the number of classes (1 for labels and numbers)."""
    rows = len(targets)
    if targets.ndim > 1 or not np.issubdtype(targets.dtype, np.integer):
        return rng.permutation(rows), 1
    place = np.empty(rows)
    is_first = np.zeros(rows, dtype=bool)
    classes = np.unique(targets)
    for number in classes:
        members = rng.permutation(np.flatnonzero(targets == number))
        # Spread evenly over 0..1, so that every prefix has each class in proportion.
        place[members] = (np.arange(len(members)) + rng.random()) / len(members)
        is_first[members[0]] = True
    return np.lexsort((place, ~is_first)), len(classes)
