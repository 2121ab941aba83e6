"""Permutation tests of two models on the same rows: under the null hypothesis they could trade their predictions.

Rows that depend on one another trade together, so that a unit counts once (Good 2005, "Permutation, Parametric, and Bootstrap
Tests of Hypotheses"). Where each row is its own unit, the test of correct and wrong predictions is McNemar's exact test.
"""

from collections.abc import Callable

import numpy as np
from scipy.stats import binom

from core.evaluation.statistics.units import Units, count_units, number_units, sum_by_unit
from core.task import Floats
from core.types import BoolArray, FloatArray

_PERMUTATIONS = 2_000
_CHUNK = 2_000_000


def correctness_p_value(first_correct: BoolArray, second_correct: BoolArray, units: Units = None) -> float:
    """The exact two-sided p-value that two models are correct equally often, whichever of them predicts a unit; both (n,).

    Each unit with a different number of correct predictions keeps or flips the sign of its difference. The distribution of the
    sum is the convolution of one binomial distribution for each size of difference.
    """
    differences = first_correct.astype(np.float64) - second_correct.astype(np.float64)
    sums = np.rint(sum_by_unit(differences, number_units(units))).astype(np.int64)
    sizes, counts = np.unique(np.abs(sums[sums != 0]), return_counts=True)
    distribution = np.ones(1)
    for size, count in zip(sizes, counts, strict=True):
        # The sum of `count` signs times `size`, shifted to start at 0: twice the size for each positive sign.
        steps = np.zeros(2 * size * count + 1)
        steps[:: 2 * size] = binom.pmf(np.arange(count + 1), count, 0.5)
        distribution = np.convolve(distribution, steps)
    possible = np.arange(len(distribution)) - len(distribution) // 2
    return float(min(1.0, distribution[np.abs(possible) >= abs(int(sums.sum()))].sum()))


def permutation_p_value(metric: Callable[[Floats], FloatArray], rows: int, units: Units = None, seed: int = 0) -> float:
    """The two-sided p-value that a metric is the same for two models, from 2,000 random trades of their predictions.

    Args:
        metric: computes the metric (permutations,) from how often each row counts, (permutations, 2 * rows): the rows with the
            first model's predictions, followed by the same rows with the second model's.
        rows: the number of rows of each model.
        units: the unit of each row (rows,); a unit is traded whole. None where each row is its own unit.
        seed: the seed of the trades.
    """
    rng = np.random.default_rng(seed)
    units = number_units(units)
    drawable = count_units(rows, units)
    nothing_traded = np.zeros((1, rows), dtype=np.float32)
    observed = abs(float(_difference(metric, nothing_traded)[0]))
    extreme, size = 0, max(1, _CHUNK // (2 * rows))
    for start in range(0, _PERMUTATIONS, size):
        traded = rng.integers(0, 2, (min(size, _PERMUTATIONS - start), drawable)).astype(np.float32)
        differences = _difference(metric, traded if units is None else traded[:, units])
        # A metric that is undefined in a permutation counts against a difference.
        extreme += int((~(np.abs(differences) < observed - 1e-12)).sum())
    return (extreme + 1) / (_PERMUTATIONS + 1)


def _difference(metric: Callable[[Floats], FloatArray], traded: Floats) -> FloatArray:
    kept = 1 - traded
    return np.asarray(
        metric(np.concatenate([kept, traded], axis=1)) - metric(np.concatenate([traded, kept], axis=1)),
        dtype=np.float64,
    )
