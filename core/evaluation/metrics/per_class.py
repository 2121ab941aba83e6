"""Precision, recall and F1 of each class or label, with 95% intervals."""

import math

import pandas as pd

from core.evaluation.decisions.one_vs_rest import label_indicators
from core.evaluation.decisions.predictions import make_predictions
from core.evaluation.metrics.auc import average_precision
from core.evaluation.statistics.intervals import UNKNOWN_INTERVAL, Interval
from core.evaluation.statistics.rates import share_interval
from core.evaluation.statistics.units import Units
from core.task import Floats, Task
from core.types import BoolArray, Targets


def per_class(
    task: Task, y_true: Targets, logits: Floats, thresholds: tuple[float, ...] = (), units: Units = None
) -> pd.DataFrame:
    """One line per label: label, rows; precision, recall and f1, each with _low and _high; average_precision; note.

    Recall, F1 and average precision are NaN for a label without rows, precision for one that is never predicted; the note
    explains it. F1 is 2 J / (1 + J), where J is the share of correct rows among those that have the label or are predicted to
    have it, so that its interval follows from Wilson's. Rows of one unit (n,) depend on one another, which widens the intervals.
    """
    predictions = make_predictions(task, logits, thresholds)
    actual, predicted = label_indicators(task, y_true), label_indicators(task, predictions.predicted)
    return pd.DataFrame(
        [
            {"label": name}
            | _rates(actual[:, i], predicted[:, i], units)
            | {"average_precision": average_precision(actual[:, i], predictions.probabilities[:, i])}
            | {"note": _note(actual[:, i], predicted[:, i])}
            for i, name in enumerate(task.labels)
        ]
    )


def _rates(actual: BoolArray, predicted: BoolArray, units: Units) -> dict[str, float]:
    """The rows of one label, and its precision, recall and F1 with their intervals."""
    correct, rows, predictions = (float(mask.sum()) for mask in (actual & predicted, actual, predicted))
    of_predicted, of_actual, of_either = (
        share_interval((actual & predicted)[mask], None if units is None else units[mask])
        for mask in (predicted, actual, actual | predicted)
    )
    # Without rows of the label, F1 is as undefined as recall.
    jaccard = of_either if rows else UNKNOWN_INTERVAL
    rates = {
        "precision": (correct / predictions if predictions else math.nan, of_predicted),
        "recall": (correct / rows if rows else math.nan, of_actual),
        "f1": (2 * correct / (rows + predictions) if rows else math.nan, Interval(*(2 * j / (1 + j) for j in jaccard))),
    }
    line: dict[str, float] = {"rows": int(rows)}
    for name, (value, interval) in rates.items():
        line |= {name: value, f"{name}_low": interval.low, f"{name}_high": interval.high}
    return line


def _note(actual: BoolArray, predicted: BoolArray) -> str:
    if not actual.any():
        return "No rows of this class." + ("" if predicted.any() else " It is never predicted either.")
    return "" if predicted.any() else "Never predicted, so its precision is undefined."
