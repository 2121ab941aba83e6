"""Units: rows that depend on one another, such as near-duplicates or the texts of one author.

Sums over units take the place of rows in a variance: the clustered standard error (Liang and Zeger 1986; Miller 2024, "Adding
error bars to evals"). A unit is given as a number for each row, from 0; None where each row is its own unit.
"""

from typing import Any

import numpy as np
from scipy import sparse

from core.types import FloatArray, IndexArray

Units = IndexArray | None


def number_units(units: Units) -> Units:
    """The units as numbers from 0 without gaps, (n,); None where each row is its own unit."""
    if units is None:
        return None
    distinct, numbers = np.unique(units, return_inverse=True)
    return None if len(distinct) == len(units) else np.asarray(numbers, dtype=np.intp)


def count_units(rows: int, units: Units) -> int:
    """The number of units among some rows."""
    return rows if units is None else len(np.unique(units))


def one_row_of_each(rows: int, units: Units, seed: int = 0) -> IndexArray:
    """The positions of one random row of each unit, ascending: independent rows, for tests that are exact with these alone."""
    if units is None:
        return np.arange(rows)
    order = np.random.default_rng(seed).permutation(rows)
    return np.sort(order[np.unique(units[order], return_index=True)[1]])


def sum_by_unit(values: Any, units: Units) -> Any:
    """The sums of row values (n, ...) over each unit, (units, ...); dense stays dense and sparse stays sparse."""
    if units is None:
        return values
    rows = len(units)
    membership = sparse.csr_matrix((np.ones(rows), (units, np.arange(rows))), shape=(int(units.max()) + 1, rows))
    return membership @ values


def clustered_variance(influence: FloatArray, units: Units) -> float:
    """The variance of an estimate from the influence of each row on it, (n,), whose sum is 0.

    It is never below the variance of independent rows, which few units may seem to allow by chance. The factor m / (m - 1) for
    m units corrects for measuring from their own mean.
    """
    independent = float(influence @ influence)
    if units is None:
        return independent
    sums = sum_by_unit(influence, units)
    return max(independent, float(sums @ sums) * len(sums) / max(1, len(sums) - 1))
