"""Decision thresholds, chosen on validation rows for the best F1, a required precision or given costs.

A multi-label task has a threshold for each label, a binary task has one for its second class. A label is predicted where its
probability is above the threshold; the default is 0.5.
"""

from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property

import numpy as np
import pandas as pd

from core.errors import ConfigError
from core.evaluation.decisions.bias_correction import probability_curve
from core.evaluation.decisions.one_vs_rest import ranked_labels
from core.evaluation.decisions.risk_control import guaranteed_rows
from core.evaluation.statistics.intervals import wilson_interval
from core.evaluation.statistics.units import Units, count_units, one_row_of_each
from core.formatting import format_percent
from core.task import Floats, Task
from core.types import BoolArray, FloatArray, Targets

DEFAULT_THRESHOLD = 0.5


@dataclass(frozen=True)
class ThresholdChoice:
    """Thresholds, one for each label (binary: one), and what they are expected to do on new rows like those of their choice.

    ``expected`` has the columns label, threshold, rows (with the label), precision, precision_low, precision_high, recall, f1,
    false_positives, false_negatives and note. The rates and counts are those of the fitted curve, not those counted at the chosen
    threshold: the best of many counted values is lucky (F1 0.84 counted, 0.64 on new rows, for 3 positive rows in 150).
    """

    thresholds: tuple[float, ...]
    expected: pd.DataFrame


@dataclass(frozen=True)
class _Label:
    """The scores (n,) of a label, whether rows have it, and the probability of each to have it by a fitted logistic curve.

    ``units`` is the unit of each row (n,); None where each row is its own unit.
    """

    scores: FloatArray
    positive: BoolArray
    probabilities: FloatArray
    units: Units

    @cached_property
    def candidates(self) -> "_Candidates":
        """All thresholds with different predictions: below all scores, between two distinct ones, above all; and 0.5."""
        distinct = np.unique(self.scores)
        between = (distinct[1:] + distinct[:-1]) / 2
        outside = [distinct[0] / 2, (distinct[-1] + 1) / 2]
        thresholds = np.unique(np.concatenate([between, outside, [DEFAULT_THRESHOLD]]))
        order = np.argsort(self.scores)
        below = np.searchsorted(self.scores[order], thresholds, side="right")
        found = self.probabilities.sum() - np.concatenate([[0.0], np.cumsum(self.probabilities[order])])[below]
        return _Candidates(
            thresholds, np.maximum(found, 0), (len(order) - below).astype(np.float64), self.probabilities.sum()
        )

    def describe(self, position: int) -> dict[str, float]:
        """The expected effect of one threshold."""
        c = self.candidates
        correct, predicted, rows = float(c.true_positives[position]), float(c.predicted[position]), float(c.rows)
        above = self.scores > c.thresholds[position]
        independent = count_units(int(above.sum()), None if self.units is None else self.units[above])
        interval = wilson_interval(independent * correct / max(predicted, 1), independent)
        return {
            "threshold": float(c.thresholds[position]),
            "rows": int(self.positive.sum()),
            "precision": correct / predicted if predicted else float("nan"),
            "precision_low": interval.low,
            "precision_high": interval.high,
            "recall": correct / rows,
            "f1": 2 * correct / (predicted + rows),
            "false_positives": round(predicted - correct),
            "false_negatives": round(rows - correct),
        }


@dataclass(frozen=True)
class _Candidates:
    """Thresholds of one label, ascending, with the expected true positives and the predicted rows of each; ``rows`` have it."""

    thresholds: FloatArray
    true_positives: FloatArray
    predicted: FloatArray
    rows: float

    def closest_to_default(self, best: BoolArray) -> int:
        """The position of the best threshold that is closest to 0.5, and so changes the model's behavior least."""
        return int(np.argmin(np.where(best, np.abs(self.thresholds - DEFAULT_THRESHOLD), np.inf)))


# Returns the position of the best candidate, and a note.
_Rule = Callable[[_Label], tuple[int, str]]


def choose_for_f1(task: Task, y_true: Targets, logits: Floats, units: Units = None) -> ThresholdChoice:
    """The thresholds with the highest expected F1 for each label; rows of one unit (n,) count once in the intervals.

    F1 is that which the fitted probabilities promise (Lipton et al. 2014), because counted F1 is noisy where a label is rare.
    """

    def rule(label: _Label) -> tuple[int, str]:
        candidates = label.candidates
        f1 = 2 * candidates.true_positives / (candidates.predicted + candidates.rows)
        return candidates.closest_to_default(f1 >= f1.max() - 1e-12), ""

    return _choose(task, y_true, logits, rule, units)


def choose_for_precision(
    task: Task, y_true: Targets, logits: Floats, precision: float, risk: float | None = None, units: Units = None
) -> ThresholdChoice:
    """The thresholds with the highest recall among those with about this precision on new rows.

    Where no threshold reaches it, the one with the highest precision, and a note. With a ``risk``, the precision is guaranteed
    for each label except with this probability (see :mod:`core.evaluation.decisions.risk_control`); a label for which the rows
    prove nothing gets the threshold for about this precision, and a note. Of each unit (n,), one random row counts.

    Raises:
        ConfigError: the precision is not between 0 and 1.
    """
    if not 0 < precision < 1:
        raise ConfigError(f"Expected a precision between 0 and 1, found {precision}.", "Enter a share such as 0.9.")

    def about(label: _Label) -> tuple[int, str]:
        candidates = label.candidates
        correct, predicted = candidates.true_positives, candidates.predicted
        reached = np.divide(correct, predicted, out=np.full(len(predicted), -1.0), where=predicted > 0)
        eligible, note = reached >= precision - 1e-12, ""
        if not eligible.any():
            eligible = reached >= reached.max() - 1e-12
            note = f"No threshold reaches a precision of {format_percent(precision, 0)}; "
            note += f"the highest expected is {format_percent(reached.max(), 0)}."
        return candidates.closest_to_default(eligible & (correct == correct[eligible].max())), note

    def proven(label: _Label) -> tuple[int, str]:
        assert risk is not None
        rows = one_row_of_each(len(label.scores), label.units)
        guarantee = guaranteed_rows(label.scores[rows], label.positive[rows], precision, risk)
        if guarantee.answered == 0:
            position, note = about(label)
            unproven = (
                f"Not guaranteed: that takes at least {guarantee.needed:,} rows with this label and without a mistake."
            )
            return position, f"{unproven} {note}".rstrip()
        lowest = np.sort(label.scores[rows])[::-1][guarantee.answered - 1]
        candidates = label.candidates
        return candidates.closest_to_default(candidates.predicted == (label.scores >= lowest).sum()), ""

    return _choose(task, y_true, logits, about if risk is None else proven, units)


def choose_for_cost(
    task: Task, y_true: Targets, logits: Floats, false_positive: float, false_negative: float, units: Units = None
) -> ThresholdChoice:
    """The thresholds with the lowest expected cost, given the cost of a false positive and of a false negative.

    Raises:
        ConfigError: a cost is negative, or both are 0.
    """
    costs = (false_positive, false_negative)
    if min(costs) < 0 or max(costs) <= 0:
        raise ConfigError(
            f"Expected costs of 0 or more with one above 0, found {false_positive} and {false_negative}.",
            "Enter the cost of each kind of error.",
        )

    def rule(label: _Label) -> tuple[int, str]:
        candidates = label.candidates
        cost = false_positive * (candidates.predicted - candidates.true_positives)
        cost = cost + false_negative * (candidates.rows - candidates.true_positives)
        return candidates.closest_to_default(cost <= cost.min() + 1e-9 * max(costs)), ""

    return _choose(task, y_true, logits, rule, units)


def _choose(task: Task, y_true: Targets, logits: Floats, rule: _Rule, units: Units) -> ThresholdChoice:
    if task.kind not in ("binary", "multilabel"):
        raise ConfigError(
            f"Expected a binary or multi-label task to choose thresholds for, found {task.kind}.",
            "Choose a task with two classes, or with any number of labels.",
        )
    names, positive, scores = ranked_labels(task, y_true, logits)
    lines = []
    for column, name in enumerate(names):
        label_scores, has_label = scores[:, column], positive[:, column]
        label = _Label(label_scores, has_label, probability_curve(label_scores, has_label), units)
        position, note = _apply_rule(rule, label)
        lines.append({"label": name} | label.describe(position) | {"note": note})
    expected = pd.DataFrame(lines)
    return ThresholdChoice(tuple(expected["threshold"].astype(float)), expected)


def _apply_rule(rule: _Rule, label: _Label) -> tuple[int, str]:
    """The choice of the rule; 0.5 where no row or every row has the label."""
    if label.positive.any() and not label.positive.all():
        return rule(label)
    note = f"{'Every' if label.positive.any() else 'No'} row has this label, so the threshold stays at 0.5."
    return int(np.flatnonzero(label.candidates.thresholds == DEFAULT_THRESHOLD)[0]), note
