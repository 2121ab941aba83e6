"""ROC and precision-recall curves of each label as points for a chart, and the point at which a threshold works."""

from collections.abc import Iterator

import numpy as np
import numpy.typing as npt
import pandas as pd
from sklearn import metrics as sk

from core.evaluation.decisions.thresholds import DEFAULT
from core.evaluation.metrics.one_vs_rest import Flags, with_curves
from core.evaluation.statistics.counts import Targets, Values
from core.task import Floats, Task

_POINTS = 200


def roc(task: Task, targets: Targets, logits: Floats) -> pd.DataFrame:
    """Points of each label's ROC curve: label, threshold, false_positive_rate, true_positive_rate; none if only one side occurs.

    At most 200 points a label; the first threshold is infinite (nothing is given).
    """
    parts = []
    for name, positive, scores in _sides(task, targets, logits):
        if positive.any() and not positive.all():
            false, true, thresholds = sk.roc_curve(positive, scores)
            kept = _thinned(false, true)
            parts.append(
                pd.DataFrame(
                    {
                        "label": name,
                        "threshold": thresholds[kept],
                        "false_positive_rate": false[kept],
                        "true_positive_rate": true[kept],
                    }
                )
            )
    columns = ["label", "threshold", "false_positive_rate", "true_positive_rate"]
    return pd.concat(parts, ignore_index=True) if parts else pd.DataFrame(columns=columns)


def precision_recall(task: Task, targets: Targets, logits: Floats) -> pd.DataFrame:
    """Points of each label's curve: label, threshold, recall, precision; none for a label without a row. At most 200 a label."""
    parts = []
    for name, positive, scores in _sides(task, targets, logits):
        if positive.any():
            precision, recall, thresholds = sk.precision_recall_curve(positive, scores)
            kept = _thinned(recall, precision)
            thresholds = np.append(thresholds, np.inf)
            parts.append(
                pd.DataFrame(
                    {"label": name, "threshold": thresholds[kept], "recall": recall[kept], "precision": precision[kept]}
                )
            )
    columns = ["label", "threshold", "recall", "precision"]
    return pd.concat(parts, ignore_index=True) if parts else pd.DataFrame(columns=columns)


def operating_points(
    task: Task, targets: Targets, logits: Floats, thresholds: npt.NDArray[np.floating] | None = None
) -> pd.DataFrame:
    """Where each label stands on its curves: label, threshold, false_positive_rate, recall, precision; NaN where undefined.

    A label is given above its threshold, 0.5 without; thresholds are (k,), or (1,) for a binary task, as
    :mod:`core.evaluation.decisions.thresholds` chooses them.
    """
    rows = []
    for which, (name, positive, scores) in enumerate(_sides(task, targets, logits)):
        limit = DEFAULT if thresholds is None else float(thresholds[which])
        given = scores > limit
        right = float((given & positive).sum())
        rows.append(
            {
                "label": name,
                "threshold": limit,
                "false_positive_rate": _over(float((given & ~positive).sum()), float((~positive).sum())),
                "recall": _over(right, float(positive.sum())),
                "precision": _over(right, float(given.sum())),
            }
        )
    return pd.DataFrame(rows)


def _sides(task: Task, targets: Targets, logits: Floats) -> Iterator[tuple[str, Flags, Values]]:
    labels, positive, scores = with_curves(task, targets, logits)
    return zip(labels, positive.T, scores.T, strict=True)


def _thinned(x: Values, y: Values) -> npt.NDArray[np.intp]:
    """Positions of at most 200 points of a curve, evenly spaced along it, with both ends."""
    if len(x) <= _POINTS:
        return np.arange(len(x))
    along = np.concatenate([[0.0], np.cumsum(np.abs(np.diff(x)) + np.abs(np.diff(y)))])
    kept = np.searchsorted(along, np.linspace(0, along[-1], _POINTS - 1))
    return np.unique(np.append(np.minimum(kept, len(x) - 1), len(x) - 1))


def _over(part: float, whole: float) -> float:
    return part / whole if whole else float("nan")
