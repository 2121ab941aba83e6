"""Metrics of tasks in which each text has any number of labels."""

import numpy as np
from sklearn import metrics as sk

from core.evaluation.metrics import summary
from core.evaluation.metrics.auc import estimate_aucs
from core.evaluation.metrics.estimate import MetricEstimate
from core.evaluation.statistics import counts
from core.evaluation.statistics.counts import CountMetric, Counts
from core.evaluation.statistics.intervals import share_interval, variance_inflation, wilson_interval
from core.evaluation.statistics.resampling import resample_rows
from core.formatting import join_names
from core.task import Floats, Task
from core.types import FloatArray, Targets

_COUNT_METRICS: dict[str, CountMetric] = {
    "precision_micro": counts.micro(counts.precision),
    "recall_micro": counts.micro(counts.recall),
    "f1_micro": counts.micro(counts.f1),
    "f1_macro": counts.macro_over_labels(counts.f1),
}


def estimate_multilabel_metrics(task: Task, y_true: Targets, y_pred: Targets, logits: Floats) -> list[MetricEstimate]:
    """Every metric with its interval; ``y_true`` and ``y_pred`` are (n, k) of 0 and 1, logits (n, k)."""
    rows = len(y_true)
    values, notes = summary.summarize_predictions(task, y_true, y_pred), _notes(task, y_true, y_pred)
    for name, score in {"precision_micro": sk.precision_score, "recall_micro": sk.recall_score}.items():
        values[name] = float(score(y_true, y_pred, average="micro", zero_division=np.nan))
    values["f1_micro"] = float(sk.f1_score(y_true, y_pred, average="micro", zero_division=np.nan))
    resampled = resample_rows(lambda weights: _resampled_metrics(weights, y_true, y_pred), rows, task.outputs)
    label_sizes = y_true.sum(axis=0).astype(np.float64)
    estimates = []
    for name in (*_COUNT_METRICS, "f1_samples", "hamming_loss"):
        # Where all resamples are equal, the interval is that of a proportion of as many labels, or texts.
        effective_rows = max(1.0, float(label_sizes.sum())) if name in _COUNT_METRICS else rows
        inflation = variance_inflation(label_sizes) if name == "f1_macro" else 1.0
        interval = share_interval(values[name], resampled[name], values[name], effective_rows, inflation)
        estimates.append(MetricEstimate(name, values[name], *interval, rows, notes.get(name, "")))
    subset = values["subset_accuracy"]
    estimates.insert(-1, MetricEstimate("subset_accuracy", subset, *wilson_interval(subset * rows, rows), rows))
    return estimates + estimate_aucs(task, y_true, logits)


def _notes(task: Task, y_true: Targets, y_pred: Targets) -> dict[str, str]:
    notes = {}
    if not y_pred.any():
        notes["precision_micro"] = "Undefined: no label was predicted for any row."
    if not y_true.any():
        notes["recall_micro"] = "Undefined: no row has a label."
    if len(notes) == 2:
        notes["f1_micro"] = "Undefined: no row has a label, and none was predicted."
    if absent := [name for i, name in enumerate(task.labels) if not (y_true[:, i].any() or y_pred[:, i].any())]:
        notes["f1_macro"] = f"Without rows and never predicted, so counted as 0: {join_names(absent)}."
    return notes


def _resampled_metrics(weights: Floats, y_true: Targets, y_pred: Targets) -> dict[str, FloatArray]:
    resampled = Counts.from_resamples(weights, y_true, y_pred)
    rows = len(y_true)
    shared, either = 2 * (y_true * y_pred).sum(axis=1), y_true.sum(axis=1) + y_pred.sum(axis=1)
    f1_of_texts = np.divide(shared, either, out=np.ones(rows), where=either > 0)
    wrong = (y_true != y_pred).mean(axis=1)
    return {name: metric(resampled) for name, metric in _COUNT_METRICS.items()} | {
        "f1_samples": weights @ f1_of_texts / rows,
        "hamming_loss": weights @ wrong / rows,
    }
