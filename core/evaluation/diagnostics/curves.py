"""ROC and precision-recall curves of each label as points for a chart, and the points of the decision thresholds on them."""

from collections.abc import Iterator

import numpy as np
import pandas as pd
from sklearn import metrics as sk

from core.evaluation.decisions.one_vs_rest import ranked_labels
from core.evaluation.decisions.thresholds import DEFAULT_THRESHOLD
from core.task import Floats, Task
from core.types import BoolArray, FloatArray, IndexArray, Targets

_MAX_POINTS = 200


def roc_curve(task: Task, y_true: Targets, logits: Floats) -> pd.DataFrame:
    """Points of the ROC curves: label, threshold, false_positive_rate, true_positive_rate. At most 200 for each label.

    None for a label that all rows or no rows have. The first threshold is infinite: nothing is predicted.
    """
    curves = []
    for name, positive, scores in _ranked_columns(task, y_true, logits):
        if positive.any() and not positive.all():
            false_rate, true_rate, thresholds = sk.roc_curve(positive, scores)
            points = {"threshold": thresholds, "false_positive_rate": false_rate, "true_positive_rate": true_rate}
            curves.append(_thin_curve(name, points, false_rate, true_rate))
    return _concatenate(curves, ["label", "threshold", "false_positive_rate", "true_positive_rate"])


def precision_recall_curve(task: Task, y_true: Targets, logits: Floats) -> pd.DataFrame:
    """Points of the precision-recall curves: label, threshold, recall, precision. At most 200 for each label.

    None for a label without rows.
    """
    curves = []
    for name, positive, scores in _ranked_columns(task, y_true, logits):
        if positive.any():
            precision, recall, thresholds = sk.precision_recall_curve(positive, scores)
            points = {"threshold": np.append(thresholds, np.inf), "recall": recall, "precision": precision}
            curves.append(_thin_curve(name, points, recall, precision))
    return _concatenate(curves, ["label", "threshold", "recall", "precision"])


def operating_points(task: Task, y_true: Targets, logits: Floats, thresholds: tuple[float, ...] = ()) -> pd.DataFrame:
    """The point of each label's threshold: label, threshold, false_positive_rate, recall, precision; NaN where undefined.

    ``thresholds`` has one value for each label (binary: one), as in :mod:`core.evaluation.decisions.thresholds`; 0.5 if empty.
    """
    lines = []
    for i, (name, positive, scores) in enumerate(_ranked_columns(task, y_true, logits)):
        threshold = thresholds[i] if thresholds else DEFAULT_THRESHOLD
        predicted = scores > threshold
        true_positives = int((predicted & positive).sum())
        lines.append(
            {
                "label": name,
                "threshold": threshold,
                "false_positive_rate": _ratio(int((predicted & ~positive).sum()), int((~positive).sum())),
                "recall": _ratio(true_positives, int(positive.sum())),
                "precision": _ratio(true_positives, int(predicted.sum())),
            }
        )
    return pd.DataFrame(lines)


def _ranked_columns(task: Task, y_true: Targets, logits: Floats) -> Iterator[tuple[str, BoolArray, FloatArray]]:
    labels, positive, scores = ranked_labels(task, y_true, logits)
    return zip(labels, positive.T, scores.T, strict=True)


def _thin_curve(name: str, points: dict[str, FloatArray], x: FloatArray, y: FloatArray) -> pd.DataFrame:
    """At most 200 points of a curve, evenly spaced along it, with both ends."""
    positions: IndexArray = np.arange(len(x))
    if len(x) > _MAX_POINTS:
        length = np.concatenate([[0.0], np.cumsum(np.abs(np.diff(x)) + np.abs(np.diff(y)))])
        spaced = np.searchsorted(length, np.linspace(0, length[-1], _MAX_POINTS - 1))
        positions = np.unique(np.append(np.minimum(spaced, len(x) - 1), len(x) - 1))
    return pd.DataFrame({"label": name} | {column: values[positions] for column, values in points.items()})


def _concatenate(curves: list[pd.DataFrame], columns: list[str]) -> pd.DataFrame:
    return pd.concat(curves, ignore_index=True) if curves else pd.DataFrame(columns=columns)


def _ratio(numerator: int, denominator: int) -> float:
    return numerator / denominator if denominator else float("nan")
