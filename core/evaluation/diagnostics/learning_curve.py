"""Would more data help: scores at growing training sizes, a power law through them, and what twice the data promises."""

import warnings
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from scipy.optimize import OptimizeWarning, curve_fit
from scipy.stats import t

from core.errors import ConfigError
from core.evaluation.statistics.counts import Targets, Values

_SMALLEST = 8
_STEPS = 5
_RESAMPLES = 60
# Exponents seen in practice lie between 0.1 and 1 (Hestness 2017); beyond these bounds few points are fitted by anything.
_EXPONENTS = (0.05, 2.0)


@dataclass(frozen=True)
class Extrapolation:
    """The curve ceiling - scale * n ** -exponent, and its value at ``size`` rows with a rough 95 % interval."""

    ceiling: float
    scale: float
    exponent: float
    size: int
    value: float
    low: float
    high: float
    sentence: str

    def at(self, sizes: npt.ArrayLike) -> Values:
        """The curve at other sizes."""
        return _curve(np.asarray(sizes, dtype=np.float64), self.ceiling, self.scale, self.exponent)


def sizes_for(targets: Targets, steps: int = _STEPS, seed: int = 0) -> list[npt.NDArray[np.intp]]:
    """Positions of ever larger parts of the training rows, each within the next, the last all of them.

    Sizes halve from the end. Each part has the classes in the proportions of the whole, as nearly as it can, and at least one
    row of each class; rows with several labels or a number are drawn at random.

    Raises:
        ConfigError: there are fewer than two rows.
    """
    rows = len(targets)
    if rows < 2:
        raise ConfigError(f"A learning curve needs two rows or more, found {rows}.", "Add texts.")
    rng = np.random.default_rng(seed)
    order, fewest = _order(targets, rng)
    halves = [rows // 2**step for step in range(steps)]
    kept = sorted({size for size in halves if size >= max(min(_SMALLEST, rows), fewest)} | {rows})
    return [np.sort(order[:size]) for size in kept]


def promise(
    sizes: npt.ArrayLike, scores: npt.ArrayLike, size: int | None = None, most: float = 1.0, seed: int = 0
) -> Extrapolation:
    """What ``size`` rows (twice the largest without) would give, from scores at sizes seen.

    The larger the score the better, and none exceeds ``most``; give minus an error, and 0. The interval comes from resampling
    the distances to the curve and refitting; it knows nothing of laws other than this one, and is rough.

    Raises:
        ConfigError: fewer than three distinct sizes have a score.
    """
    x, y = np.asarray(sizes, dtype=np.float64), np.asarray(scores, dtype=np.float64)
    known = np.isfinite(y) & (x > 0)
    x, y = x[known], y[known]
    if len(np.unique(x)) < 3:
        raise ConfigError(f"A curve needs three sizes or more, found {len(np.unique(x))}.", "Train on more sizes.")
    size = size or round(2 * float(x.max()))
    fitted = _fit(x, y, most)
    value = float(_curve(np.asarray([size]), *fitted)[0])
    std = _spread(x, y, fitted, size, most, seed)
    low, high = float(value - std), float(min(most, value + std))
    now = float(_curve(np.asarray([x.max()]), *fitted)[0])
    return Extrapolation(*fitted, size, value, low, max(high, value), _sentence(value - now, std, size))


def _curve(sizes: Values, ceiling: float, scale: float, exponent: float) -> Values:
    return np.asarray(ceiling - scale * sizes**-exponent)


def _fit(x: Values, y: Values, most: float) -> tuple[float, float, float]:
    """Ceiling, scale and exponent by least squares; larger sizes weigh more, as their scores vary less."""
    # In units of the smallest size, so that scale is the whole height to climb and all three are of like magnitude.
    unit = float(x.min())
    highest = max(most, float(y.max()))
    height = max(highest - float(y.min()), 1e-6)
    bounds = ([float(y.min()) - height, 0.0, _EXPONENTS[0]], [highest + 1e-9, 4 * height, _EXPONENTS[1]])
    start = [min(float(y.max()) + 1e-6, highest), max(float(np.ptp(y)), 1e-6), 0.5]
    with warnings.catch_warnings():
        # Three points determine three numbers exactly: no covariance, which is not used.
        warnings.simplefilter("ignore", OptimizeWarning)
        found, _ = curve_fit(_curve, x / unit, y, p0=start, bounds=bounds, sigma=(x / unit) ** -0.25, maxfev=20_000)
    ceiling, scale, exponent = (float(number) for number in found)
    return ceiling, scale * unit**exponent, exponent


def _spread(x: Values, y: Values, fitted: tuple[float, float, float], size: int, most: float, seed: int) -> float:
    """Half the width of the interval: refitted curves at ``size`` and the noise of a single score, by Student's t."""
    rng = np.random.default_rng(seed)
    residuals = y - _curve(x, *fitted)
    # Three numbers were fitted, so of three points nothing is left over: their residuals are 0 and say nothing of the noise.
    noise = float(np.sqrt((residuals**2).sum() / max(1, len(x) - 3)))
    noise = max(noise, 0.1 * float(np.ptp(y)) / np.sqrt(len(x)))
    drawn = [
        float(_curve(np.asarray([size]), *_fit(x, _curve(x, *fitted) + rng.normal(0, noise, len(x)), most))[0])
        for _ in range(_RESAMPLES)
    ]
    # Two degrees of freedom or fewer would make it useless: with 3 it is wide enough for what is rough anyway.
    return float(t.ppf(0.975, max(3, len(x) - 3)) * np.hypot(np.std(drawn), noise))


def _sentence(gained: float, std: float, size: int) -> str:
    if gained <= std / 10 or gained < 1e-4:
        return f"The curve is flat: {size:,} rows promise next to nothing more."
    return f"{size:,} rows promise about {gained:+.3f} more, give or take {std:.3f}."


def _order(targets: Targets, rng: np.random.Generator) -> tuple[npt.NDArray[np.intp], int]:
    """An order of the rows each beginning of which is stratified, and how many rows have one of each class."""
    rows = len(targets)
    if targets.ndim > 1 or not np.issubdtype(targets.dtype, np.integer):
        return rng.permutation(rows), 1
    place = np.empty(rows)
    first = np.zeros(rows, dtype=bool)
    for value in np.unique(targets):
        members = rng.permutation(np.flatnonzero(targets == value))
        # Spread evenly over 0..1, so that any beginning holds each class in proportion.
        place[members] = (np.arange(len(members)) + rng.random()) / len(members)
        first[members[0]] = True
    return np.lexsort((place, ~first)), int(first.sum())
