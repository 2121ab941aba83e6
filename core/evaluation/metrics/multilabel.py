"""Metrics of tasks in which each text has any number of labels."""

import numpy as np
from sklearn import metrics as sk

from core.evaluation.metrics import summary
from core.evaluation.metrics.auc import estimate_aucs
from core.evaluation.metrics.estimate import MetricEstimate
from core.evaluation.metrics.rate_intervals import LabelDecisions
from core.evaluation.metrics.trust import join_notes, note_on_rare_labels
from core.evaluation.statistics.intervals import Interval
from core.evaluation.statistics.rates import interval_from_influence, rate_interval, rates_of_rows
from core.evaluation.statistics.units import Units, count_units
from core.formatting import join_names
from core.task import Floats, Task
from core.types import FloatArray, Targets


def estimate_multilabel_metrics(
    task: Task, y_true: Targets, y_pred: Targets, logits: Floats, units: Units = None
) -> list[MetricEstimate]:
    """Every metric with its interval; ``y_true`` and ``y_pred`` are (n, k) of 0 and 1, logits (n, k), units (n,) or None."""
    rows, independent = len(y_true), count_units(len(y_true), units)
    values, notes = summary.summarize_predictions(task, y_true, y_pred), _notes(task, y_true, y_pred, units)
    for name, score in {"precision_micro": sk.precision_score, "recall_micro": sk.recall_score}.items():
        values[name] = float(score(y_true, y_pred, average="micro", zero_division=np.nan))
    values["f1_micro"] = float(sk.f1_score(y_true, y_pred, average="micro", zero_division=np.nan))
    decisions = LabelDecisions.from_indicators(y_true > 0, y_pred > 0, units)
    correct = (y_true == y_pred).all(axis=1).astype(np.float64)
    intervals = {
        **{f"{name}_micro": decisions.micro_interval(name) for name in ("precision", "recall", "f1")},
        "f1_macro": decisions.macro_interval("f1", values["f1_macro"]),
        "f1_samples": _interval_of_mean(_f1_of_rows(y_true, y_pred), units),
        "subset_accuracy": rate_interval(rates_of_rows(correct), units),
        "hamming_loss": _interval_of_mean((y_true != y_pred).mean(axis=1), units),
    }
    estimates = [
        MetricEstimate(name, values[name], *interval, rows, notes.get(name, ""), independent)
        for name, interval in intervals.items()
    ]
    return estimates + estimate_aucs(task, y_true, logits, units)


def _interval_of_mean(values: FloatArray, units: Units) -> Interval:
    """The interval of the mean of values between 0 and 1, (n,)."""
    mean, rows = float(values.mean()), len(values)
    return interval_from_influence(mean, (values - mean) / rows, count_units(rows, units), units)


def _f1_of_rows(y_true: Targets, y_pred: Targets) -> FloatArray:
    """The F1 of each text, (n,); 1 for a text without labels for which none is predicted."""
    shared, either = 2 * (y_true * y_pred).sum(axis=1), y_true.sum(axis=1) + y_pred.sum(axis=1)
    return np.asarray(np.divide(shared, either, out=np.ones(len(y_true)), where=either > 0))


def _notes(task: Task, y_true: Targets, y_pred: Targets, units: Units) -> dict[str, str]:
    notes = {}
    if not y_pred.any():
        notes["precision_micro"] = "Undefined: no label was predicted for any row."
    if not y_true.any():
        notes["recall_micro"] = "Undefined: no row has a label."
    absent = [name for i, name in enumerate(task.labels) if not (y_true[:, i].any() or y_pred[:, i].any())]
    if len(absent) == len(task.labels):
        reason = "Undefined: no row has a label, and none was predicted."
        return notes | {"f1_micro": reason, "f1_macro": reason}
    omitted = f"Omitted, because no row has them and they are never predicted: {join_names(absent)}." if absent else ""
    return notes | {"f1_macro": join_notes(omitted, note_on_rare_labels(task.labels, y_true > 0, units))}
