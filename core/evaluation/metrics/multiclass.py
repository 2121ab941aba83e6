"""Metrics of tasks in which each text has one of several classes."""

import math

import numpy as np
from sklearn import metrics as sk

from core.evaluation.metrics import summary
from core.evaluation.metrics.auc import estimate_aucs
from core.evaluation.metrics.estimate import MetricEstimate
from core.evaluation.statistics import counts, resampling
from core.evaluation.statistics.counts import CountMetric
from core.evaluation.statistics.intervals import Interval, percentile_interval, wilson_interval
from core.formatting import join_names
from core.task import Floats, Task
from core.types import Targets

_TOP_K = 3
# Top-3 accuracy says little with fewer classes.
_MIN_CLASSES_FOR_TOP_K = 6
# With fewer rows of a class, its part of a mean over classes is too uncertain for the interval to be valid.
_MIN_CLASS_ROWS = 3
_COUNT_METRICS: dict[str, CountMetric] = {
    "balanced_accuracy": counts.balanced_accuracy,
    "precision_macro": counts.macro(counts.precision),
    "recall_macro": counts.macro(counts.recall),
    "f1_macro": counts.macro(counts.f1),
    "precision_weighted": counts.weighted(counts.precision),
    "recall_weighted": counts.weighted(counts.recall),
    "f1_weighted": counts.weighted(counts.f1),
    # Scaled from -1..1 to 0..1, the range that the intervals expect.
    "matthews": lambda resampled: (counts.matthews_corrcoef(resampled) + 1) / 2,
}


def estimate_multiclass_metrics(task: Task, y_true: Targets, y_pred: Targets, logits: Floats) -> list[MetricEstimate]:
    """Every metric with its interval; class numbers (n,), logits (n, k)."""
    rows = len(y_true)
    values = summary.summarize_predictions(task, y_true, y_pred) | {"matthews": _matthews(y_true, y_pred)}
    intervals = resampling.intervals_from_counts(y_true, y_pred, task.outputs, _COUNT_METRICS)
    intervals["matthews"] = Interval(*(2 * end - 1 for end in intervals["matthews"]))
    accuracy, accuracy_interval = values["accuracy"], wilson_interval(float((y_true == y_pred).sum()), rows)
    notes = _notes(task, y_true, y_pred)
    estimates = [MetricEstimate("accuracy", accuracy, *accuracy_interval, rows)]
    for name in _COUNT_METRICS:
        estimates.append(MetricEstimate(name, values[name], *intervals[name], rows, notes.get(name, "")))
    for name in ("precision_micro", "recall_micro", "f1_micro"):
        note = "Equals the accuracy, since each text has one class."
        estimates.append(MetricEstimate(name, accuracy, *accuracy_interval, rows, note))
    if task.outputs >= _MIN_CLASSES_FOR_TOP_K:
        top_k = float(sk.top_k_accuracy_score(y_true, logits, k=_TOP_K, labels=np.arange(task.outputs)))
        estimates.append(MetricEstimate("top_3_accuracy", top_k, *wilson_interval(top_k * rows, rows), rows))
    return [*estimates, _log_loss(y_true, logits), *estimate_aucs(task, y_true, logits)]


def _matthews(y_true: Targets, y_pred: Targets) -> float:
    if len(np.unique(y_true)) < 2 or len(np.unique(y_pred)) < 2:
        return math.nan
    return float(sk.matthews_corrcoef(y_true, y_pred))


def _notes(task: Task, y_true: Targets, y_pred: Targets) -> dict[str, str]:
    """Notes by metric: classes that do not occur, are never predicted or are rare."""
    occurring, predicted = np.unique(y_true), np.unique(y_pred)
    notes: dict[str, str] = {}
    if never_predicted := [task.labels[i] for i in np.setdiff1d(occurring, predicted)]:
        note = f"Never predicted, so counted as 0: {join_names(never_predicted)}."
        notes |= {"precision_macro": note, "precision_weighted": note}
    if without_rows := [task.labels[i] for i in np.setdiff1d(predicted, occurring)]:
        notes["recall_macro"] = f"Predicted but without rows, so counted as 0: {join_names(without_rows)}."
    if rare := [task.labels[i] for i in range(task.outputs) if (y_true == i).sum() < _MIN_CLASS_ROWS]:
        note = f"The interval may be too narrow: there are fewer than {_MIN_CLASS_ROWS} rows of {join_names(rare)}."
        for name in ("balanced_accuracy", "precision_macro", "recall_macro", "f1_macro"):
            notes[name] = f"{notes.get(name, '')} {note}".strip()
    if len(occurring) < 2:
        notes["matthews"] = "Undefined: all rows have the same class."
    elif len(predicted) < 2:
        notes["matthews"] = "Undefined: all predictions are the same class."
    return notes


def _log_loss(y_true: Targets, logits: Floats) -> MetricEstimate:
    losses, rows = summary.log_losses(y_true, logits), len(y_true)
    value = float(losses.mean())
    resampled = resampling.resample_rows(lambda weights: {"mean": weights @ losses / rows}, rows)["mean"]
    return MetricEstimate("log_loss", value, *percentile_interval(value, resampled, rows), rows)
