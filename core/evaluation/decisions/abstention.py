"""Abstention: predicting only above a confidence threshold, which accuracy that gives, and how to choose the threshold.

The target is either guaranteed, except with a stated risk, or about reached: then new accuracy is above it as often as below.
"""

import math
from dataclasses import dataclass

import numpy as np
import pandas as pd
from sklearn.isotonic import IsotonicRegression

from core.errors import ConfigError
from core.evaluation.decisions.bias_correction import probability_curve
from core.evaluation.decisions.risk_control import RISK, guaranteed_rows
from core.evaluation.statistics.intervals import UNKNOWN_INTERVAL, wilson_interval
from core.evaluation.statistics.units import Units, count_units, one_row_of_each
from core.formatting import format_percent, pluralize
from core.types import BoolArray, FloatArray

_MAX_POINTS = 200


@dataclass(frozen=True)
class SelectiveResult:
    """The effect of predicting only from confidence ``threshold``: rows answered, and their accuracy with its interval."""

    threshold: float
    rows: int
    answered: int
    accuracy: float
    low: float
    high: float
    note: str = ""

    @property
    def coverage(self) -> float:
        """The share of rows that are answered; NaN without rows."""
        return self.answered / self.rows if self.rows else math.nan


def risk_coverage_curve(confidence: FloatArray, correct: BoolArray) -> pd.DataFrame:
    """Points of the risk-coverage curve: threshold, coverage (share answered), risk (share of errors among them), rows.

    One point for each distinct confidence (n,), highest first, thinned to 200.
    """
    order = np.argsort(-confidence, kind="stable")
    ordered = confidence[order]
    ends = np.flatnonzero(np.append(np.diff(ordered) != 0, True)) if len(ordered) else np.empty(0, dtype=int)
    if len(ends) > _MAX_POINTS:
        ends = ends[np.unique(np.linspace(0, len(ends) - 1, _MAX_POINTS).round().astype(int))]
    errors = np.cumsum(~correct[order])[ends]
    rows = ends + 1
    return pd.DataFrame(
        {"threshold": ordered[ends], "coverage": rows / max(1, len(correct)), "risk": errors / rows, "rows": rows}
    )


def choose_threshold(
    confidence: FloatArray, correct: BoolArray, accuracy: float, units: Units = None
) -> SelectiveResult:
    """The lowest confidence above which predictions reach about this accuracy, chosen on validation rows (n,).

    The lowest threshold at which the *counted* accuracy reaches the target would be chosen by luck: the best of many noisy
    ones. So the probability of being correct is first fitted as a logistic curve of the confidence's log-odds (Platt 1999),
    whose mean over the answered rows rises smoothly with the threshold. ``low`` and ``high`` are for the accuracy on as many
    *new* rows; they cover the luck of these rows and of the new ones. Rows of one unit (n,) depend on one another and count once.

    Raises:
        ConfigError: the accuracy is not between 0 and 1.
    """
    _check(accuracy)
    if len(correct) == 0:
        return SelectiveResult(math.inf, 0, 0, math.nan, *UNKNOWN_INTERVAL, "There are no rows to choose on.")
    chosen = _lowest_threshold(confidence, correct, probability_curve(confidence, correct), accuracy)
    everything_answered = chosen is not None and chosen.threshold == 0 and chosen.accuracy > accuracy
    if chosen is not None and not chosen.low <= accuracy <= chosen.high and not everything_answered:
        # There are enough rows to show that the curve is not logistic: fit any that rises.
        chosen = _lowest_threshold(confidence, correct, _fit_isotonic(confidence, correct), accuracy)
    if chosen is None:
        note = f"Even the most confident predictions are not correct {format_percent(accuracy, 0)} of the time."
        return SelectiveResult(math.inf, len(correct), 0, math.nan, *UNKNOWN_INTERVAL, note)
    chosen_on = _count_answered(confidence, chosen.threshold, units)
    return apply_threshold(confidence, correct, chosen.threshold, chosen_on, units)


def choose_guaranteed_threshold(
    confidence: FloatArray, correct: BoolArray, accuracy: float, risk: float = RISK, units: Units = None
) -> SelectiveResult:
    """The lowest confidence above which new predictions reach this accuracy, except with probability ``risk``.

    See :func:`core.evaluation.decisions.risk_control.guaranteed_rows`, which needs independent rows: one random row of
    each unit (n,). Where the validation rows (n,) prove nothing, the threshold is infinite and a note says how many are needed.

    Raises:
        ConfigError: the accuracy is not between 0 and 1.
    """
    _check(accuracy)
    independent = one_row_of_each(len(correct), units)
    guarantee = guaranteed_rows(confidence[independent], correct[independent], accuracy, risk)
    if guarantee.answered == 0:
        rows = pluralize(len(correct), "validation row")
        if len(independent) < len(correct):
            rows += f" in {pluralize(len(independent), 'independent group')}"
        note = f"{rows} cannot guarantee {format_percent(accuracy, 0)}: at least "
        note += f"{guarantee.needed:,} predictions without a mistake are needed, more where some are wrong."
        return SelectiveResult(math.inf, len(correct), 0, math.nan, *UNKNOWN_INTERVAL, note)
    everything = guarantee.answered == len(independent)
    threshold = 0.0 if everything else float(np.sort(confidence[independent])[::-1][guarantee.answered - 1])
    return apply_threshold(confidence, correct, threshold, guarantee.answered, units)


def _check(accuracy: float) -> None:
    if not 0 < accuracy < 1:
        raise ConfigError(f"Expected an accuracy between 0 and 1, found {accuracy}.", "Enter a share such as 0.95.")


def apply_threshold(
    confidence: FloatArray, correct: BoolArray, threshold: float, chosen_on: int | None = None, units: Units = None
) -> SelectiveResult:
    """The effect of a threshold on rows (n,): those with at least this confidence are answered.

    Args:
        confidence: the confidence of each prediction.
        correct: whether it is correct.
        threshold: as :func:`choose_threshold` gives it.
        chosen_on: how many rows, or units, were answered where the threshold was chosen. The interval then also covers the luck
            of that choice, so it shows how far from the target the accuracy may land; without it, the interval is Wilson's.
        units: the unit of each row (n,): rows of one unit count once in the interval. None for independent rows.
    """
    answered = correct[confidence >= threshold]
    count, independent = len(answered), _count_answered(confidence, threshold, units)
    effective_rows = independent if chosen_on is None else independent * chosen_on / max(1, independent + chosen_on)
    accuracy = float(answered.mean()) if count else math.nan
    interval = wilson_interval(accuracy * effective_rows, effective_rows) if count else UNKNOWN_INTERVAL
    note = "" if count else "No row reaches this confidence."
    return SelectiveResult(threshold, len(correct), count, accuracy, *interval, note)


def _count_answered(confidence: FloatArray, threshold: float, units: Units) -> int:
    """The number of independent units with a row of at least this confidence."""
    answered = confidence >= threshold
    return count_units(int(answered.sum()), None if units is None else units[answered])


def _lowest_threshold(
    confidence: FloatArray, correct: BoolArray, fitted: FloatArray, accuracy: float
) -> SelectiveResult | None:
    """The lowest threshold above which the fitted probabilities of being correct have this mean; None without one."""
    order = np.argsort(-confidence, kind="stable")
    ordered = confidence[order]
    # A threshold separates two confidences that differ.
    ends = np.flatnonzero(np.append(np.diff(ordered) != 0, True))
    reached = ends[np.cumsum(fitted[order])[ends] / (ends + 1) >= accuracy]
    if len(reached) == 0:
        return None
    last = int(reached[-1])
    return apply_threshold(confidence, correct, float(ordered[last]) if last + 1 < len(correct) else 0.0)


def _fit_isotonic(confidence: FloatArray, correct: BoolArray) -> FloatArray:
    """The probability of being correct, (n,), as any curve that rises with the confidence."""
    return np.asarray(IsotonicRegression().fit_transform(confidence, correct.astype(np.float64)))
