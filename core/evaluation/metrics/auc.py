"""ROC-AUC and average precision: values from scikit-learn, intervals from resampled rows."""

import math

import numpy as np
from sklearn import metrics as sk

from core.evaluation.decisions.one_vs_rest import ranked_labels
from core.evaluation.metrics.estimate import MetricEstimate
from core.evaluation.statistics.intervals import UNKNOWN_INTERVAL, share_interval, variance_inflation
from core.evaluation.statistics.ranking import roc_auc_and_average_precision
from core.evaluation.statistics.resampling import resample_rows
from core.formatting import join_names
from core.task import Floats, Task
from core.types import BoolArray, FloatArray, IndexArray, Targets

_NAMES = ("roc_auc", "average_precision")


def estimate_aucs(task: Task, y_true: Targets, logits: Floats) -> list[MetricEstimate]:
    """ROC-AUC and average precision: of the second class of two, else the mean over labels with positive and negative rows."""
    labels, positive, scores = ranked_labels(task, y_true, logits)
    rows, positives = len(positive), positive.sum(axis=0)
    defined = np.flatnonzero((positives > 0) & (positives < rows))
    note = f"Of the class {task.labels[1]}." if task.kind == "binary" else _note_on_omitted(labels, defined)
    if len(defined) == 0:
        note = "Undefined: no label has both rows with it and rows without it."
        return [MetricEstimate(name, math.nan, *UNKNOWN_INTERVAL, rows, note) for name in _NAMES]
    positive, scores = positive[:, defined], scores[:, defined]
    columns = range(len(defined))
    values = {
        "roc_auc": float(np.mean([sk.roc_auc_score(positive[:, i], scores[:, i]) for i in columns])),
        "average_precision": float(np.mean([average_precision(positive[:, i], scores[:, i]) for i in columns])),
    }
    resampled = resample_rows(lambda weights: _resampled_aucs(weights, positive, scores), rows, 2 * len(defined))
    # With a perfect ranking all resamples are equal; the interval then follows from the rows of the smaller side.
    smaller_sides = np.minimum(positives, rows - positives)[defined].astype(np.float64)
    effective_rows, inflation = min(float(smaller_sides.sum()), rows), variance_inflation(smaller_sides)
    return [
        MetricEstimate(
            name, value, *share_interval(value, resampled[name], value, effective_rows, inflation), rows, note
        )
        for name, value in values.items()
    ]


def average_precision(positive: BoolArray, scores: FloatArray) -> float:
    """Average precision of one label; NaN without positive rows."""
    return float(sk.average_precision_score(positive, scores)) if positive.any() else math.nan


def _note_on_omitted(labels: tuple[str, ...], defined: IndexArray) -> str:
    omitted = [name for i, name in enumerate(labels) if i not in defined]
    return f"Omitted, because all rows or no rows have them: {join_names(omitted)}." if omitted else ""


def _resampled_aucs(weights: Floats, positive: BoolArray, scores: FloatArray) -> dict[str, FloatArray]:
    estimate_multilabel_metrics = [
        roc_auc_and_average_precision(weights, positive[:, i], scores[:, i]) for i in range(positive.shape[1])
    ]
    return {
        name: _mean_of_defined(np.asarray(values))
        for name, values in zip(_NAMES, zip(*estimate_multilabel_metrics, strict=True), strict=True)
    }


def _mean_of_defined(values: FloatArray) -> FloatArray:
    """The mean over labels (first axis) that are defined in each resample; NaN where none is."""
    defined = np.isfinite(values)
    count = defined.sum(axis=0)
    total = np.where(defined, values, 0).sum(axis=0)
    result: FloatArray = np.divide(total, count, out=np.full(total.shape, np.nan), where=count > 0)
    return result
