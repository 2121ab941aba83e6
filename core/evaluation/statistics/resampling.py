"""Bootstrap resamples of whole rows, or of units of rows, for metrics that no formula gives an interval for.

Rows that depend on one another are drawn together (the cluster bootstrap; Davison and Hinkley 1997, section 3.8).
"""

from collections.abc import Callable, Iterator

import numpy as np

from core.evaluation.statistics.intervals import UNKNOWN_INTERVAL, Interval
from core.evaluation.statistics.units import Units, count_units, number_units, sum_by_unit
from core.task import Floats
from core.types import FloatArray

RESAMPLES = 2_000
# Many rows make an interval narrow, and fewer resamples then locate its ends: this is the limit on numbers drawn.
_MAX_DRAWN = 40_000_000
_MIN_RESAMPLES = 200
_CHUNK = 2_000_000
# Two or three rows say little about the spread of a mean: its interval ends at ten times of it.
_MAX_RATIO = 10.0


def resample_rows(
    metrics: Callable[[Floats], dict[str, FloatArray]], rows: int, columns: int = 1, seed: int = 0, units: Units = None
) -> dict[str, FloatArray]:
    """Metrics of resampled rows by name, each (resamples,).

    Args:
        metrics: computes metrics (resamples,) from how often each row was drawn (resamples, rows), for some resamples at a time.
            With units, the number of drawn rows differs between resamples.
        rows: the number of rows, one or more.
        columns: about how many numbers each row and resample takes; more columns give fewer resamples (2,000 to 200).
        seed: the seed of the draws.
        units: the unit of each row (rows,); units are drawn whole. None where each row is its own unit.
    """
    resamples = int(np.clip(_MAX_DRAWN // (rows * columns), _MIN_RESAMPLES, RESAMPLES))
    chunks = [metrics(weights) for weights in bootstrap_weights(rows, resamples, seed, units)]
    return {name: np.concatenate([chunk[name] for chunk in chunks]) for name in chunks[0]}


def bootstrap_weights(rows: int, resamples: int, seed: int = 0, units: Units = None) -> Iterator[Floats]:
    """How often each row is drawn in each resample, (resamples, rows), in chunks that fit the processor's cache."""
    rng = np.random.default_rng(seed)
    units = number_units(units)
    drawable = count_units(rows, units)
    size = max(1, _CHUNK // rows)
    for start in range(0, resamples, size):
        count = min(size, resamples - start)
        drawn = rng.integers(0, drawable, (count, drawable)) + drawable * np.arange(count)[:, None]
        weights = np.bincount(drawn.ravel(), minlength=count * drawable).reshape(count, drawable).astype(np.float32)
        yield weights if units is None else weights[:, units]


def mean_interval(values: FloatArray, units: Units = None, seed: int = 0) -> Interval:
    """The interval of the mean of n values that are 0 or more, by the bootstrap-t (Efron 1981; Hall 1988).

    Each resample is measured in its own standard errors, so that the interval reaches farther to the side of rare large values.
    """
    rows = len(values)
    units = number_units(units)
    count = count_units(rows, units)
    if count < 2 or not np.isfinite(values).all():
        return UNKNOWN_INTERVAL
    mean = float(values.mean())
    if mean <= 0 or np.ptp(values) == 0:
        return Interval(mean, mean)
    # With a mean of 1 the squares neither vanish nor overflow.
    sums = sum_by_unit(values / mean, units)
    sizes = np.ones(rows) if units is None else np.bincount(units).astype(np.float64)
    statistics = _studentized(sums, sizes, seed)
    error = float(np.sqrt(((sums - sizes) ** 2).sum() * count / (count - 1)) / rows)
    low, high = np.quantile(statistics, [0.025, 0.975]) if len(statistics) > 1 else (0.0, 0.0)
    low_end, high_end = np.clip([1 - high * error, 1 - low * error], [0.0, 1.0], [1.0, _MAX_RATIO])
    return Interval(float(mean * low_end), float(mean * high_end))


def _studentized(sums: FloatArray, sizes: FloatArray, seed: int) -> FloatArray:
    """The distance of each resampled mean from the mean of all rows, which is 1, in its own standard errors."""
    count = len(sums)
    parts = np.stack([sums, sizes, sums**2, sums * sizes, sizes**2], axis=1)

    def statistic(weights: Floats) -> dict[str, FloatArray]:
        total, rows, squares, products, squared_sizes = (weights @ parts).T
        mean = total / rows
        spread = np.maximum(squares - 2 * mean * products + mean**2 * squared_sizes, 0) * count / (count - 1)
        return {
            "t": np.divide((mean - 1) * rows, np.sqrt(spread), out=np.full(len(mean), np.nan), where=spread > 1e-20)
        }

    statistics = resample_rows(statistic, count, seed=seed)["t"]
    return np.asarray(statistics[np.isfinite(statistics)])
