"""The measures of answers that are one of several classes."""

import math
from collections.abc import Callable

import numpy as np
from sklearn import metrics as sk

from core.evaluation.metrics import summary
from core.evaluation.metrics.auc import estimate_aucs
from core.evaluation.metrics.estimate import MetricEstimate
from core.evaluation.statistics import counts, intervals
from core.evaluation.statistics.counts import Counts, Targets, Values
from core.evaluation.statistics.intervals import Interval, wilson
from core.formatting import join_names
from core.task import Floats, Task

_TOP = 3
# With fewer rows of a class, what it adds to a mean over the classes is not known well enough for its interval to hold.
_SURE_ROWS = 3
_MANY_CLASSES = 5
_OF_CLASSES: dict[str, Callable[[Counts], Values]] = {
    "balanced_accuracy": counts.balanced_accuracy,
    "precision_macro": counts.macro(counts.precision),
    "recall_macro": counts.macro(counts.recall),
    "f1_macro": counts.macro(counts.f1),
    "precision_weighted": counts.weighted(counts.precision),
    "recall_weighted": counts.weighted(counts.recall),
    "f1_weighted": counts.weighted(counts.f1),
    # From -1..1 to 0..1, as a share has it.
    "matthews": lambda drawn: (counts.matthews(drawn) + 1) / 2,
}


def estimate_multiclass_metrics(task: Task, targets: Targets, decided: Targets, logits: Floats) -> list[MetricEstimate]:
    """Each with its interval; ``decided`` are the answers, (n,), ``logits`` (n, k)."""
    rows = len(targets)
    values = summary.summarize_predictions(task, targets, decided) | {"matthews": _matthews(targets, decided)}
    spans = intervals.from_counts(targets, decided, task.outputs, _OF_CLASSES)
    spans["matthews"] = Interval(*(2 * end - 1 for end in spans["matthews"]))
    right = wilson(float((targets == decided).sum()), rows)
    notes = _notes_of_classes(task, targets, decided)
    found = [MetricEstimate("accuracy", values["accuracy"], *right, rows)]
    found += [MetricEstimate(name, values[name], *spans[name], rows, notes.get(name, "")) for name in _OF_CLASSES]
    same = "Equals the accuracy, since each text has one class."
    found += [
        MetricEstimate(f"{rate}_micro", values["accuracy"], *right, rows, same)
        for rate in ("precision", "recall", "f1")
    ]
    if task.outputs > _MANY_CLASSES:
        top = float(sk.top_k_accuracy_score(targets, logits, k=_TOP, labels=np.arange(task.outputs)))
        found.append(MetricEstimate("top_3_accuracy", top, *wilson(top * rows, rows), rows))
    return found + _log_loss(targets, logits) + estimate_aucs(task, targets, logits)


def _matthews(targets: Targets, decided: Targets) -> float:
    if len(np.unique(targets)) < 2 or len(np.unique(decided)) < 2:
        return math.nan
    return float(sk.matthews_corrcoef(targets, decided))


def _notes_of_classes(task: Task, targets: Targets, decided: Targets) -> dict[str, str]:
    """What must be said of averages: classes that do not occur or are never answered."""
    occurring, answered = np.unique(targets), np.unique(decided)
    notes: dict[str, str] = {}
    if never := [task.labels[i] for i in np.setdiff1d(occurring, answered)]:
        notes |= dict.fromkeys(
            ("precision_macro", "precision_weighted"), f"Never answered, so counted as 0: {join_names(never)}."
        )
    if surplus := [task.labels[i] for i in np.setdiff1d(answered, occurring)]:
        notes["recall_macro"] = f"Answered without a row of it, so counted as 0: {join_names(surplus)}."
    few = [task.labels[i] for i in range(task.outputs) if (targets == i).sum() < _SURE_ROWS]
    for name in ("balanced_accuracy", "precision_macro", "recall_macro", "f1_macro") if few else ():
        unsure = f"The interval may be too narrow: there are fewer than {_SURE_ROWS} rows of {join_names(few)}."
        notes[name] = f"{notes.get(name, '')} {unsure}".strip()
    if len(occurring) < 2:
        notes["matthews"] = "Undefined: the rows are all of one class."
    elif len(answered) < 2:
        notes["matthews"] = "Undefined: all answers are the same class."
    return notes


def _log_loss(targets: Targets, logits: Floats) -> list[MetricEstimate]:
    losses, rows = summary.log_losses(targets, logits), len(targets)
    value = float(losses.mean())
    drawn = intervals.resample_rows(lambda weights: {"mean": weights @ losses / rows}, rows)
    return [MetricEstimate("log_loss", value, *intervals.percentiles(value, drawn["mean"], rows), rows)]
