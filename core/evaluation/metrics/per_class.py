"""Precision, recall and F1 of each class or label, with 95 % intervals."""

import math

import pandas as pd

from core.evaluation.decisions.thresholds import Thresholds, decide
from core.evaluation.metrics.auc import average_precision
from core.evaluation.metrics.one_vs_rest import Flags, label_indicators, label_probabilities
from core.evaluation.statistics.counts import Targets
from core.evaluation.statistics.intervals import UNKNOWN_INTERVAL, Interval, wilson
from core.task import Floats, Task


def per_class(task: Task, targets: Targets, logits: Floats, thresholds: Thresholds | None = None) -> pd.DataFrame:
    """Each label: label, rows; precision, recall and f1, each with _low and _high; average_precision; note.

    Recall, F1 and average precision are NaN for a label without a row, precision for one that was never given; the note says
    so. F1 is 2 J / (1 + J) of the share J of right ones among all rows that carry the label or were given it, so that its
    interval follows from Wilson's.
    """
    decided = decide(task, logits, thresholds)
    wanted, given = label_indicators(task, targets), label_indicators(task, decided)
    scores = label_probabilities(task, logits)
    return pd.DataFrame(
        [
            {"label": name}
            | _one_class(wanted[:, i], given[:, i])
            | {"average_precision": average_precision(wanted[:, i], scores[:, i])}
            | {"note": _note(wanted[:, i], given[:, i])}
            for i, name in enumerate(task.labels)
        ]
    )


def _one_class(wanted: Flags, given: Flags) -> dict[str, float]:
    right, rows, answers = float((wanted & given).sum()), float(wanted.sum()), float(given.sum())
    either = float((wanted | given).sum())
    # Where a label has no row its F1 is as undefined as its recall.
    joint = wilson(right, either) if rows else UNKNOWN_INTERVAL
    figures = {
        "precision": (right / answers if answers else math.nan, wilson(right, answers)),
        "recall": (right / rows if rows else math.nan, wilson(right, rows)),
        "f1": (2 * right / (rows + answers) if rows else math.nan, Interval(*(2 * j / (1 + j) for j in joint))),
    }
    found: dict[str, float] = {"rows": int(rows)}
    for name, (value, interval) in figures.items():
        found |= {name: value, f"{name}_low": interval.low, f"{name}_high": interval.high}
    return found


def _note(wanted: Flags, given: Flags) -> str:
    if not wanted.any():
        return "No row of this class." + ("" if given.any() else " It was never answered either.")
    return "" if given.any() else "Never answered, so its precision is undefined."
