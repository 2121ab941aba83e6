"""Every metric of a model on some rows, with its 95% interval, and a note where it is undefined.

Values are scikit-learn's and scipy's; intervals come from :mod:`core.evaluation.statistics`.
"""

import numpy as np

from core.evaluation.decisions.predictions import make_predictions
from core.evaluation.metrics.estimate import MetricEstimate
from core.evaluation.metrics.multiclass import estimate_multiclass_metrics
from core.evaluation.metrics.multilabel import estimate_multilabel_metrics
from core.evaluation.metrics.regression import estimate_regression_metrics
from core.task import Floats, Task
from core.types import Targets


def compute_metrics(
    task: Task, y_true: Targets, logits: Floats, thresholds: tuple[float, ...] = ()
) -> list[MetricEstimate]:
    """Every metric of the task; empty without rows.

    Args:
        task: its kind decides which metrics there are.
        y_true: targets in the form that :meth:`Task.encode` gives.
        logits: (n, outputs).
        thresholds: probabilities above which labels are predicted (binary: one, of the second class); 0.5 if empty.
    """
    if len(y_true) == 0:
        return []
    if task.kind == "regression":
        return estimate_regression_metrics(y_true.astype(np.float64), logits[:, 0].astype(np.float64))
    predicted = make_predictions(task, logits, thresholds).predicted
    if task.kind == "multilabel":
        return estimate_multilabel_metrics(task, y_true.astype(int), predicted.astype(int), logits)
    return estimate_multiclass_metrics(task, y_true, predicted, logits)
