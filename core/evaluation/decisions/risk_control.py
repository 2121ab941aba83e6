"""Thresholds that keep a promise: above them, predictions are correct at least as often as asked, except with a stated risk.

Counting correct predictions above each threshold and taking the lowest that reaches the target breaks the promise in half of all
cases or more: the best of many noisy counts is lucky. Here each threshold is a hypothesis, "fewer than the target are correct",
that an exact binomial test must reject (Clopper and Pearson 1934). They are tested from the most confident predictions downward,
and the first that is not rejected ends the sequence, so that the risk need not be divided among them (fixed-sequence testing;
Learn-then-Test, Angelopoulos et al. 2021; selective classification with guaranteed risk, Geifman and El-Yaniv 2017).
"""

import math
from typing import NamedTuple

import numpy as np
from scipy.stats import binom

from core.types import BoolArray, FloatArray, IndexArray

# The chance that a guarantee does not hold.
RISK = 0.1
# A sequence that starts with few rows ends at one early mistake, so a share of the risk goes to starts with more rows.
_MAX_STARTS = 4
_GROWTH = 1.05


class Guarantee(NamedTuple):
    """How many of the most confident rows may be answered (0 for none), and how many rows without a mistake are needed."""

    answered: int
    needed: int


def guaranteed_rows(scores: FloatArray, correct: BoolArray, target: float, risk: float = RISK) -> Guarantee:
    """The largest number of rows with the highest scores that guarantees the target on new rows.

    With probability 1 - ``risk`` over the choice of these rows, at least the share ``target`` of new predictions that score at
    least as high as the last of them is correct. It assumes that higher scores are not less often correct, and rows that chose
    nothing else.

    Args:
        scores: the score of each prediction, (n,).
        correct: whether it is correct, (n,).
        target: the share of correct predictions, between 0 and 1.
        risk: the chance that the guarantee does not hold.
    """
    order = np.argsort(-scores, kind="stable")
    # A threshold separates two scores that differ.
    sizes = (
        np.flatnonzero(np.append(np.diff(scores[order]) != 0, True)) + 1 if len(scores) else np.empty(0, dtype=np.intp)
    )
    hits = np.cumsum(correct[order])[sizes - 1]
    p_values = binom.sf(hits - 1, sizes, target)
    starts = _starts(len(scores), target, risk)
    answered = max((_walk_down(sizes, p_values, start, risk / len(starts)) for start in starts), default=0)
    return Guarantee(answered, _rows_without_mistake(target, risk))


def _rows_without_mistake(target: float, risk: float) -> int:
    """The smallest number of correct rows that rejects the hypothesis."""
    return math.ceil(math.log(risk) / math.log(target))


def _starts(rows: int, target: float, risk: float) -> list[int]:
    """The numbers of rows with which sequences start, each twice the one before; they share the risk evenly."""
    for count in range(_MAX_STARTS, 0, -1):
        first = _rows_without_mistake(target, risk / count)
        if first * 2 ** (count - 1) <= rows:
            return [first * 2**number for number in range(count)]
    return []


def _walk_down(sizes: IndexArray, p_values: FloatArray, start: int, risk: float) -> int:
    """The largest number of rows before the first that is not rejected; sizes grow by 5%, for fewer chances of bad luck."""
    best, wanted = 0, float(start)
    while (position := int(np.searchsorted(sizes, wanted))) < len(sizes) and p_values[position] <= risk:
        best = int(sizes[position])
        # The last step may be shorter, so that all rows are tried.
        wanted = max(best + 1, min(best * _GROWTH, int(sizes[-1])))
    return best
