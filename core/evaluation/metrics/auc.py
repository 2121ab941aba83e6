"""Areas under curves, ROC-AUC and average precision: points from scikit-learn, intervals from resampled rows."""

import math

import numpy as np
import numpy.typing as npt
from sklearn import metrics as sk

from core.evaluation.metrics.estimate import MetricEstimate
from core.evaluation.metrics.one_vs_rest import Flags, with_curves
from core.evaluation.statistics import intervals, ranking
from core.evaluation.statistics.counts import Targets, Values
from core.evaluation.statistics.intervals import UNKNOWN_INTERVAL
from core.formatting import join_names
from core.task import Floats, Task


def estimate_aucs(task: Task, targets: Targets, logits: Floats) -> list[MetricEstimate]:
    """ROC-AUC and average precision: of the second of two classes, else the plain mean over the labels that have both sides."""
    labels, wanted, scores = with_curves(task, targets, logits)
    rows, carrying = len(wanted), wanted.sum(axis=0)
    ranked = np.flatnonzero((carrying > 0) & (carrying < rows))
    note = f"Of the class {task.labels[1]}." if task.kind == "binary" else _left_out(labels, ranked)
    if len(ranked) == 0:
        why = "Undefined: no label has both rows that carry it and rows that do not."
        return [
            MetricEstimate(name, math.nan, *UNKNOWN_INTERVAL, rows, why) for name in ("roc_auc", "average_precision")
        ]
    wanted, scores = wanted[:, ranked], scores[:, ranked]
    columns = range(len(ranked))
    values = {
        "roc_auc": float(np.mean([sk.roc_auc_score(wanted[:, i], scores[:, i]) for i in columns])),
        "average_precision": float(np.mean([average_precision(wanted[:, i], scores[:, i]) for i in columns])),
    }
    drawn = intervals.resample_rows(lambda weights: _drawn_areas(weights, wanted, scores), rows, 2 * len(ranked))
    # Where the order is perfect the resamples do not differ; the rows of the smaller side are then all there is to go by.
    smaller = np.minimum(carrying, rows - carrying)[ranked].astype(np.float64)
    least, lost = min(float(smaller.sum()), rows), intervals.variance_inflation(smaller)
    return [
        MetricEstimate(name, value, *intervals.share_interval(value, drawn[name], value, least, lost), rows, note)
        for name, value in values.items()
    ]


def _left_out(labels: tuple[str, ...], ranked: npt.NDArray[np.intp]) -> str:
    missing = [name for i, name in enumerate(labels) if i not in set(ranked.tolist())]
    return f"Left out, since all rows or none are of it: {join_names(missing)}." if missing else ""


def _drawn_areas(weights: ranking.Weights, wanted: Flags, scores: Values) -> dict[str, Values]:
    drawn = [ranking.roc_auc_and_average_precision(weights, wanted[:, i], scores[:, i]) for i in range(wanted.shape[1])]
    return {
        name: _mean_of_defined(np.asarray(part))
        for name, part in zip(("roc_auc", "average_precision"), zip(*drawn, strict=True), strict=True)
    }


def _mean_of_defined(values: Values) -> Values:
    """Mean over the labels (first axis) that are defined in each resample; NaN where none is."""
    defined = np.isfinite(values)
    number = defined.sum(axis=0)
    total = np.where(defined, values, 0).sum(axis=0)
    result: Values = np.divide(total, number, out=np.full(total.shape, np.nan), where=number > 0)
    return result


def average_precision(wanted: Flags, scores: Values) -> float:
    """Area under precision over recall of one label; NaN without a row of it."""
    return float(sk.average_precision_score(wanted, scores)) if wanted.any() else math.nan
