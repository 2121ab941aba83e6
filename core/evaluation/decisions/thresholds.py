"""Decision thresholds, chosen on validation rows for the best F1, a required precision or given costs.

A multi-label task has a threshold for each label, a binary task has one for its second class. A label is predicted where its
probability is above the threshold; the default is 0.5.
"""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import pandas as pd

from core.errors import ConfigError
from core.evaluation.decisions.one_vs_rest import ranked_labels
from core.evaluation.statistics.intervals import wilson_interval
from core.formatting import format_percent
from core.task import Floats, Task
from core.types import BoolArray, FloatArray, Targets

DEFAULT_THRESHOLD = 0.5


@dataclass(frozen=True)
class ThresholdChoice:
    """Thresholds, one for each label (binary: one), and their effect on the rows they were chosen on.

    ``expected`` has the columns label, threshold, rows (with the label), precision, precision_low, precision_high, recall, f1,
    false_positives, false_negatives and note.
    """

    thresholds: tuple[float, ...]
    expected: pd.DataFrame


@dataclass(frozen=True)
class _Candidates:
    """Thresholds of one label, ascending, with the true positives and the predicted rows of each; ``rows`` have the label."""

    thresholds: FloatArray
    true_positives: FloatArray
    predicted: FloatArray
    rows: int

    def closest_to_default(self, best: BoolArray) -> int:
        """The position of the best threshold that is closest to 0.5, and so changes the model's behavior least."""
        return int(np.argmin(np.where(best, np.abs(self.thresholds - DEFAULT_THRESHOLD), np.inf)))

    def describe(self, position: int) -> dict[str, float]:
        """The expected effect of one threshold."""
        correct, predicted = self.true_positives[position], self.predicted[position]
        interval = wilson_interval(correct, predicted)
        return {
            "threshold": float(self.thresholds[position]),
            "rows": self.rows,
            "precision": correct / predicted if predicted else float("nan"),
            "precision_low": interval.low,
            "precision_high": interval.high,
            "recall": correct / self.rows if self.rows else float("nan"),
            "f1": 2 * correct / (predicted + self.rows) if self.rows else float("nan"),
            "false_positives": int(predicted - correct),
            "false_negatives": int(self.rows - correct),
        }


# Returns the position of the best candidate, and a note.
_Rule = Callable[[_Candidates], tuple[int, str]]


def choose_for_f1(task: Task, y_true: Targets, logits: Floats) -> ThresholdChoice:
    """The thresholds with the highest F1 for each label."""

    def rule(candidates: _Candidates) -> tuple[int, str]:
        f1 = 2 * candidates.true_positives / (candidates.predicted + candidates.rows)
        return candidates.closest_to_default(f1 >= f1.max() - 1e-12), ""

    return _choose(task, y_true, logits, rule)


def choose_for_precision(task: Task, y_true: Targets, logits: Floats, precision: float) -> ThresholdChoice:
    """The thresholds with the highest recall among those with at least this precision.

    Where no threshold reaches it, the one with the highest precision, and a note.

    Raises:
        ConfigError: the precision is not between 0 and 1.
    """
    if not 0 < precision <= 1:
        raise ConfigError(f"Expected a precision between 0 and 1, found {precision}.", "Enter a share such as 0.9.")

    def rule(candidates: _Candidates) -> tuple[int, str]:
        correct, predicted = candidates.true_positives, candidates.predicted
        reached = np.divide(correct, predicted, out=np.full(len(predicted), -1.0), where=predicted > 0)
        eligible, note = reached >= precision - 1e-12, ""
        if not eligible.any():
            eligible = reached >= reached.max() - 1e-12
            note = f"No threshold reaches a precision of {format_percent(precision, 0)}; "
            note += f"the highest is {format_percent(reached.max(), 0)}."
        return candidates.closest_to_default(eligible & (correct == correct[eligible].max())), note

    return _choose(task, y_true, logits, rule)


def choose_for_cost(
    task: Task, y_true: Targets, logits: Floats, false_positive: float, false_negative: float
) -> ThresholdChoice:
    """The thresholds with the lowest total cost, given the cost of a false positive and of a false negative.

    Raises:
        ConfigError: a cost is negative, or both are 0.
    """
    costs = (false_positive, false_negative)
    if min(costs) < 0 or max(costs) <= 0:
        raise ConfigError(
            f"Expected costs of 0 or more with one above 0, found {false_positive} and {false_negative}.",
            "Enter the cost of each kind of error.",
        )

    def rule(candidates: _Candidates) -> tuple[int, str]:
        cost = false_positive * (candidates.predicted - candidates.true_positives)
        cost = cost + false_negative * (candidates.rows - candidates.true_positives)
        return candidates.closest_to_default(cost <= cost.min() + 1e-9 * max(costs)), ""

    return _choose(task, y_true, logits, rule)


def _choose(task: Task, y_true: Targets, logits: Floats, rule: _Rule) -> ThresholdChoice:
    if task.kind not in ("binary", "multilabel"):
        raise ConfigError(
            f"Expected a binary or multi-label task to choose thresholds for, found {task.kind}.",
            "Choose a task with two classes, or with any number of labels.",
        )
    names, positive, scores = ranked_labels(task, y_true, logits)
    lines = []
    for column, name in enumerate(names):
        candidates = _make_candidates(positive[:, column], scores[:, column])
        position, note = _apply_rule(rule, candidates, len(y_true))
        lines.append({"label": name} | candidates.describe(position) | {"note": note})
    expected = pd.DataFrame(lines)
    return ThresholdChoice(tuple(expected["threshold"].astype(float)), expected)


def _make_candidates(positive: BoolArray, scores: FloatArray) -> _Candidates:
    """All thresholds with different predictions: below all scores, between two distinct ones, above all; and 0.5."""
    distinct = np.unique(scores)
    between = (distinct[1:] + distinct[:-1]) / 2
    outside = [distinct[0] / 2, (distinct[-1] + 1) / 2] if len(distinct) else []
    thresholds = np.unique(np.concatenate([between, outside, [DEFAULT_THRESHOLD]]))
    ascending, ascending_positive = np.sort(scores), np.sort(scores[positive])
    predicted = len(scores) - np.searchsorted(ascending, thresholds, side="right")
    true_positives = len(ascending_positive) - np.searchsorted(ascending_positive, thresholds, side="right")
    return _Candidates(
        thresholds, true_positives.astype(np.float64), predicted.astype(np.float64), len(ascending_positive)
    )


def _apply_rule(rule: _Rule, candidates: _Candidates, rows: int) -> tuple[int, str]:
    """The choice of the rule; 0.5 where no row or every row has the label."""
    if 0 < candidates.rows < rows:
        return rule(candidates)
    note = f"{'Every' if candidates.rows else 'No'} row has this label, so the threshold stays at 0.5."
    return int(np.flatnonzero(candidates.thresholds == DEFAULT_THRESHOLD)[0]), note
