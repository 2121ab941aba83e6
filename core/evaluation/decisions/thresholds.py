"""From which probability on a label is given: chosen on validation, for the best F1, a wanted precision or given costs.

A multi-label task has a threshold for each label, a binary one a threshold for the second class. A label is given where its
probability is above the threshold; 0.5 is what a model does by itself.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd
from scipy.special import expit, softmax

from core.errors import ConfigError
from core.evaluation.statistics.counts import Targets, Values
from core.evaluation.statistics.intervals import wilson
from core.task import Floats, Task

DEFAULT = 0.5
Thresholds = float | npt.NDArray[Any]


@dataclass(frozen=True)
class Choice:
    """Thresholds (k,) of the labels (binary: one), and what they gave on the rows they were chosen on.

    ``expected`` has the columns label, threshold, rows (positive ones), precision, precision_low, precision_high, recall, f1,
    false_positives, false_negatives and note.
    """

    thresholds: Values
    expected: pd.DataFrame


@dataclass(frozen=True)
class _Candidates:
    """Thresholds, ascending, and what each gives: numbers of right and of given labels, and how many rows carry the label."""

    thresholds: Values
    right: Values
    given: Values
    positives: int


# The position of the best candidate, and a note.
_Rule = Callable[[_Candidates], tuple[int, str]]


def decide(task: Task, logits: Floats, thresholds: Thresholds | None = None) -> Targets:
    """The answers in the form of the targets; thresholds matter to binary and multi-label tasks alone.

    Raises:
        ConfigError: the number of thresholds is not that of the labels.
    """
    if thresholds is None or task.kind not in ("binary", "multilabel"):
        return task.decide(logits)
    limits = np.atleast_1d(np.asarray(thresholds, dtype=np.float64))
    scores = probabilities(task, logits)
    if limits.size not in (1, scores.shape[1]):
        raise ConfigError(f"Expected {scores.shape[1]} thresholds, found {limits.size}.", "Give one for each label.")
    given = scores > limits
    return given[:, 0].astype(np.int64) if task.kind == "binary" else given.astype(np.float32)


def probabilities(task: Task, logits: Floats) -> Values:
    """What thresholds are compared with: (n, k) of a multi-label task, (n, 1) of the second class of a binary one."""
    exact = logits.astype(np.float64)
    return np.asarray(softmax(exact, axis=1)[:, 1:] if task.kind == "binary" else expit(exact))


def confidence(task: Task, logits: Floats, decided: Targets) -> Values:
    """How probable it is that each answer is right, (n,): of the class given; of the least certain label; NaN for a number."""
    if task.kind == "regression":
        return np.full(len(logits), np.nan)
    if task.kind == "multilabel":
        scores = probabilities(task, logits)
        return np.asarray(np.where(decided > 0.5, scores, 1 - scores).min(axis=1, initial=1.0))
    return np.asarray(softmax(logits.astype(np.float64), axis=1)[np.arange(len(logits)), decided.astype(np.int64)])


def for_f1(task: Task, targets: Targets, logits: Floats) -> Choice:
    """The thresholds with the best F1 of each label."""
    return _choose(task, targets, logits, _best_f1)


def for_precision(task: Task, targets: Targets, logits: Floats, wanted: float) -> Choice:
    """The thresholds that find the most while the share of right ones among those given is at least ``wanted``.

    Where no threshold reaches it, the one with the highest precision, and a note that says so.

    Raises:
        ConfigError: ``wanted`` is not between 0 and 1.
    """
    if not 0 < wanted <= 1:
        raise ConfigError(f"A precision lies between 0 and 1, found {wanted}.", "Type a share such as 0.9.")
    return _choose(task, targets, logits, lambda candidates: _precise(candidates, wanted))


def for_costs(task: Task, targets: Targets, logits: Floats, false_positive: float, false_negative: float) -> Choice:
    """The thresholds with the least cost, where a label wrongly given and one wrongly left out cost so much each.

    Raises:
        ConfigError: a cost is negative, or both are 0.
    """
    if min(false_positive, false_negative) < 0 or max(false_positive, false_negative) <= 0:
        raise ConfigError("Costs cannot be negative, and one must be above 0.", "Type what each kind of error costs.")
    return _choose(task, targets, logits, lambda candidates: _cheapest(candidates, false_positive, false_negative))


def _choose(task: Task, targets: Targets, logits: Floats, rule: _Rule) -> Choice:
    if task.kind not in ("binary", "multilabel"):
        raise ConfigError("Thresholds are for two classes or for any number of labels.", "Choose a task of that kind.")
    scores = probabilities(task, logits)
    wanted = targets[:, None] if task.kind == "binary" else targets
    names = task.labels[1:] if task.kind == "binary" else task.labels
    rows = []
    for column, name in enumerate(names):
        candidates = _candidates(wanted[:, column] > 0.5, scores[:, column])
        which, note = _unless_one_sided(candidates, len(wanted), rule)
        rows.append({"label": name} | _expected(candidates, which) | {"note": note})
    expected = pd.DataFrame(rows)
    return Choice(expected["threshold"].to_numpy(dtype=np.float64), expected)


def _candidates(positive: npt.NDArray[np.bool_], scores: Values) -> _Candidates:
    """All thresholds that differ in what they give: below all, between two scores that differ, above all; and 0.5."""
    values = np.unique(scores)
    between = (values[1:] + values[:-1]) / 2
    edges = [values[0] / 2, (values[-1] + 1) / 2] if len(values) else []
    thresholds = np.unique(np.concatenate([between, edges, [DEFAULT]]))
    ascending, ascending_positive = np.sort(scores), np.sort(scores[positive])
    given = len(scores) - np.searchsorted(ascending, thresholds, side="right")
    right = len(ascending_positive) - np.searchsorted(ascending_positive, thresholds, side="right")
    return _Candidates(thresholds, right.astype(np.float64), given.astype(np.float64), len(ascending_positive))


def _unless_one_sided(candidates: _Candidates, rows: int, rule: _Rule) -> tuple[int, str]:
    if candidates.positives == 0:
        reason = "No row carries this label, so the threshold stays at 0.5."
    elif candidates.positives == rows:
        reason = "Every row carries this label, so the threshold stays at 0.5."
    else:
        return rule(candidates)
    return int(np.flatnonzero(candidates.thresholds == DEFAULT)[0]), reason


def _nearest(candidates: _Candidates, good: npt.NDArray[np.bool_]) -> int:
    """Of equally good thresholds the one nearest to 0.5: the least that departs from what the model does by itself."""
    return int(np.argmin(np.where(good, np.abs(candidates.thresholds - DEFAULT), np.inf)))


def _best_f1(candidates: _Candidates) -> tuple[int, str]:
    f1 = 2 * candidates.right / (candidates.given + candidates.positives)
    return _nearest(candidates, f1 >= f1.max() - 1e-12), ""


def _precise(candidates: _Candidates, wanted: float) -> tuple[int, str]:
    precision = np.divide(
        candidates.right, candidates.given, out=np.full(len(candidates.given), -1.0), where=candidates.given > 0
    )
    enough = precision >= wanted - 1e-12
    note = ""
    if not enough.any():
        enough = precision >= precision.max() - 1e-12
        note = f"A precision of {wanted:.0%} is never reached; the best is {precision.max():.0%}."
    return _nearest(candidates, enough & (candidates.right == candidates.right[enough].max())), note


def _cheapest(candidates: _Candidates, false_positive: float, false_negative: float) -> tuple[int, str]:
    cost = false_positive * (candidates.given - candidates.right)
    cost = cost + false_negative * (candidates.positives - candidates.right)
    return _nearest(candidates, cost <= cost.min() + 1e-9 * max(false_positive, false_negative)), ""


def _expected(candidates: _Candidates, which: int) -> dict[str, float]:
    right, given, positives = candidates.right[which], candidates.given[which], candidates.positives
    precise = wilson(right, given)
    return {
        "threshold": float(candidates.thresholds[which]),
        "rows": positives,
        "precision": right / given if given else float("nan"),
        "precision_low": precise.low,
        "precision_high": precise.high,
        "recall": right / positives if positives else float("nan"),
        "f1": 2 * right / (given + positives) if positives else float("nan"),
        "false_positives": int(given - right),
        "false_negatives": int(positives - right),
    }
