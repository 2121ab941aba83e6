"""Metrics of tasks in which each text has one of several classes."""

import math

import numpy as np
from sklearn import metrics as sk

from core.evaluation.decisions.one_vs_rest import label_indicators
from core.evaluation.metrics import summary
from core.evaluation.metrics.auc import estimate_aucs
from core.evaluation.metrics.estimate import MetricEstimate
from core.evaluation.metrics.rate_intervals import LabelDecisions
from core.evaluation.metrics.trust import MIN_ROWS_OF_A_PART, join_notes, note_on_few_mistakes, note_on_rare_labels
from core.evaluation.statistics.intervals import Interval
from core.evaluation.statistics.rates import rate_interval, rates_of_rows
from core.evaluation.statistics.resampling import mean_interval
from core.evaluation.statistics.units import Units, count_units
from core.formatting import join_names
from core.task import Floats, Task
from core.types import Targets

_TOP_K = 3
# Top-3 accuracy says little with fewer classes.
_MIN_CLASSES_FOR_TOP_K = 6


def estimate_multiclass_metrics(
    task: Task, y_true: Targets, y_pred: Targets, logits: Floats, units: Units = None
) -> list[MetricEstimate]:
    """Every metric with its interval; class numbers (n,), logits (n, k), the unit of each row (n,) or None."""
    rows, independent = len(y_true), count_units(len(y_true), units)
    values = summary.summarize_predictions(task, y_true, y_pred) | {"matthews": _matthews(y_true, y_pred)}
    accuracy_interval = rate_interval(rates_of_rows((y_true == y_pred).astype(np.float64)), units)
    notes = _notes(task, y_true, y_pred, units)
    intervals = {"accuracy": accuracy_interval} | _intervals(task, y_true, y_pred, values, units)
    estimates = [
        MetricEstimate(name, values[name], *interval, rows, notes.get(name, ""), independent)
        for name, interval in intervals.items()
    ]
    for name in ("precision_micro", "recall_micro", "f1_micro"):
        note = "Equals the accuracy, since each text has one class."
        estimates.append(MetricEstimate(name, values["accuracy"], *accuracy_interval, rows, note, independent))
    if task.outputs >= _MIN_CLASSES_FOR_TOP_K:
        estimates.append(_top_k(task, y_true, logits, units))
    losses = summary.log_losses(y_true, logits)
    log_loss = MetricEstimate(
        "log_loss", float(losses.mean()), *mean_interval(losses, units), rows, notes.get("log_loss", ""), independent
    )
    return [*estimates, log_loss, *estimate_aucs(task, y_true, logits, units)]


def _intervals(
    task: Task, y_true: Targets, y_pred: Targets, values: dict[str, float], units: Units
) -> dict[str, Interval]:
    """The intervals of the metrics that follow from counts, by name."""
    decisions = LabelDecisions.from_indicators(label_indicators(task, y_true), label_indicators(task, y_pred), units)
    correct = rates_of_rows((y_true == y_pred).astype(np.float64))
    return {
        "balanced_accuracy": decisions.macro_interval("recall", values["balanced_accuracy"]),
        "precision_macro": decisions.macro_interval("precision", values["precision_macro"]),
        "recall_macro": decisions.macro_interval("recall", values["recall_macro"]),
        "f1_macro": decisions.macro_interval("f1", values["f1_macro"]),
        "precision_weighted": decisions.weighted_interval("precision", values["precision_weighted"]),
        # Weighted by the rows of the classes, recall is the accuracy.
        "recall_weighted": rate_interval(correct, units),
        "f1_weighted": decisions.weighted_interval("f1", values["f1_weighted"]),
        "matthews": decisions.matthews_interval(values["matthews"]),
    }


def _top_k(task: Task, y_true: Targets, logits: Floats, units: Units) -> MetricEstimate:
    value = float(sk.top_k_accuracy_score(y_true, logits, k=_TOP_K, labels=np.arange(task.outputs)))
    # scikit-learn breaks ties by class number, the higher first.
    best = np.argsort(logits, axis=1, kind="mergesort")[:, : -_TOP_K - 1 : -1]
    hits = (best == y_true[:, None]).any(axis=1).astype(np.float64)
    interval = rate_interval(rates_of_rows(hits), units)
    return MetricEstimate("top_3_accuracy", value, *interval, len(y_true), "", count_units(len(y_true), units))


def _matthews(y_true: Targets, y_pred: Targets) -> float:
    if len(np.unique(y_true)) < 2 or len(np.unique(y_pred)) < 2:
        return math.nan
    return float(sk.matthews_corrcoef(y_true, y_pred))


def _notes(task: Task, y_true: Targets, y_pred: Targets, units: Units) -> dict[str, str]:
    """Notes by metric: classes that do not occur, are never predicted or are rare."""
    occurring, predicted = np.unique(y_true), np.unique(y_pred)
    notes: dict[str, str] = {}
    if never_predicted := [task.labels[i] for i in np.setdiff1d(occurring, predicted)]:
        note = f"Never predicted, so counted as 0: {join_names(never_predicted)}."
        notes |= {"precision_macro": note, "precision_weighted": note}
    if without_rows := [task.labels[i] for i in np.setdiff1d(predicted, occurring)]:
        notes["recall_macro"] = f"Predicted but without rows, so counted as 0: {join_names(without_rows)}."
    actual = label_indicators(task, y_true)
    few, very_few = (note_on_rare_labels(task.labels, actual, units, *least) for least in ((), (MIN_ROWS_OF_A_PART,)))
    for name in ("balanced_accuracy", "precision_macro", "recall_macro", "f1_macro"):
        notes[name] = join_notes(notes.get(name, ""), very_few)
    notes |= {"log_loss": few or note_on_few_mistakes(y_true == y_pred, units), "matthews": few}
    if len(occurring) < 2:
        notes["matthews"] = "Undefined: all rows have the same class."
    elif len(predicted) < 2:
        notes["matthews"] = "Undefined: all predictions are the same class."
    return notes
