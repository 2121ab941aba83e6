"""The measures of answers that are any number of labels."""

from collections.abc import Callable

import numpy as np
from sklearn import metrics as sk

from core.evaluation.metrics import summary
from core.evaluation.metrics.auc import estimate_aucs
from core.evaluation.metrics.estimate import MetricEstimate
from core.evaluation.statistics import counts, intervals, ranking
from core.evaluation.statistics.counts import Counts, Targets, Values
from core.evaluation.statistics.intervals import wilson
from core.formatting import join_names
from core.task import Floats, Task

_OF_LABELS: dict[str, Callable[[Counts], Values]] = {
    "precision_micro": counts.micro(counts.precision),
    "recall_micro": counts.micro(counts.recall),
    "f1_micro": counts.micro(counts.f1),
    "f1_macro": counts.macro_of_labels(counts.f1),
}


def estimate_multilabel_metrics(task: Task, targets: Targets, decided: Targets, logits: Floats) -> list[MetricEstimate]:
    """Each with its interval; ``targets`` and ``decided`` are 0 or 1, (n, k)."""
    rows = len(targets)
    values, notes = summary.summarize_predictions(task, targets, decided), _notes_of_labels(task, targets, decided)
    for name, score in {"precision": sk.precision_score, "recall": sk.recall_score, "f1": sk.f1_score}.items():
        values[f"{name}_micro"] = float(score(targets, decided, average="micro", zero_division=np.nan))
    drawn = intervals.resample_rows(lambda weights: _drawn_labels(weights, targets, decided), rows, task.outputs)
    label_indicators = targets.sum(axis=0).astype(np.float64)
    found = []
    for name in (*_OF_LABELS, "f1_samples", "hamming_loss"):
        # Where no resample differs: as sure as so many labels, or texts, allow.
        least = max(1.0, float(label_indicators.sum())) if name in _OF_LABELS else rows
        lost = intervals.variance_inflation(label_indicators) if name == "f1_macro" else 1.0
        span = intervals.share_interval(values[name], drawn[name], values[name], least, lost)
        found.append(MetricEstimate(name, values[name], *span, rows, notes.get(name, "")))
    whole = values["subset_accuracy"]
    found.insert(-1, MetricEstimate("subset_accuracy", whole, *wilson(whole * rows, rows), rows))
    return found + estimate_aucs(task, targets, logits)


def _notes_of_labels(task: Task, targets: Targets, decided: Targets) -> dict[str, str]:
    notes = {}
    if not decided.any():
        notes["precision_micro"] = "Undefined: no label was given to any row."
    if not targets.any():
        notes["recall_micro"] = "Undefined: no row carries a label."
    if len(notes) == 2:
        notes["f1_micro"] = "Undefined: no row carries a label and none was given one."
    if absent := [name for i, name in enumerate(task.labels) if not (targets[:, i].any() or decided[:, i].any())]:
        notes["f1_macro"] = f"Without a row and never given, so counted as 0: {join_names(absent)}."
    return notes


def _drawn_labels(weights: ranking.Weights, targets: Targets, decided: Targets) -> dict[str, Values]:
    drawn = Counts.from_resamples(weights, targets, decided)
    rows = len(targets)
    shared, either = 2 * (targets * decided).sum(axis=1), targets.sum(axis=1) + decided.sum(axis=1)
    of_texts = np.divide(shared, either, out=np.ones(rows), where=either > 0)
    wrong = (targets != decided).mean(axis=1)
    return {name: statistic(drawn) for name, statistic in _OF_LABELS.items()} | {
        "f1_samples": weights @ of_texts / rows,
        "hamming_loss": weights @ wrong / rows,
    }
