"""Every measure of a model on some rows, with its 95 % interval, and a sentence why where there is no value.

Point values are scikit-learn's and scipy's; intervals come from :mod:`core.evaluation.statistics.intervals`.
"""

import numpy as np

from core.evaluation.decisions.thresholds import Thresholds, decide
from core.evaluation.metrics.estimate import MetricEstimate
from core.evaluation.metrics.multiclass import estimate_multiclass_metrics
from core.evaluation.metrics.multilabel import estimate_multilabel_metrics
from core.evaluation.metrics.regression import estimate_regression_metrics
from core.evaluation.statistics.counts import Targets
from core.task import Floats, Task


def compute_metrics(
    task: Task, targets: Targets, logits: Floats, thresholds: Thresholds | None = None
) -> list[MetricEstimate]:
    """Every measure of the task, none without rows.

    Args:
        task: its kind says which measures there are.
        targets: as :meth:`Task.encode` gives them.
        logits: (n, outputs).
        thresholds: from which probability on labels are given (binary: the second class); 0.5 without.
    """
    if len(targets) == 0:
        return []
    if task.kind == "regression":
        return estimate_regression_metrics(targets.astype(np.float64), logits[:, 0].astype(np.float64))
    decided = decide(task, logits, thresholds)
    if task.kind == "multilabel":
        return estimate_multilabel_metrics(task, targets.astype(int), decided.astype(int), logits)
    return estimate_multiclass_metrics(task, targets, decided, logits)
