"""Every metric of a model on some rows, with its 95% interval, and a note where it is undefined.

Values are scikit-learn's and scipy's; intervals come from :mod:`core.evaluation.statistics`.
"""

import numpy as np

from core.errors import RunError
from core.evaluation.decisions.predictions import make_predictions
from core.evaluation.metrics.estimate import MetricEstimate
from core.evaluation.metrics.multiclass import estimate_multiclass_metrics
from core.evaluation.metrics.multilabel import estimate_multilabel_metrics
from core.evaluation.metrics.regression import estimate_regression_metrics
from core.evaluation.statistics.units import Units, number_units
from core.formatting import pluralize
from core.task import Floats, Task
from core.types import Targets


def compute_metrics(
    task: Task, y_true: Targets, logits: Floats, thresholds: tuple[float, ...] = (), units: Units = None
) -> list[MetricEstimate]:
    """Every metric of the task; empty without rows.

    Args:
        task: its kind decides which metrics there are.
        y_true: targets in the form that :meth:`Task.encode` gives.
        logits: (n, outputs).
        thresholds: probabilities above which labels are predicted (binary: one, of the second class); 0.5 if empty.
        units: the unit of each row (n,): rows of one unit depend on one another, which widens the intervals. None for independent
            rows.

    Raises:
        RunError: a logit is not a finite number.
    """
    if len(y_true) == 0:
        return []
    require_finite(logits)
    units = number_units(units)
    if task.kind == "regression":
        return estimate_regression_metrics(y_true.astype(np.float64), logits[:, 0].astype(np.float64), units)
    predicted = make_predictions(task, logits, thresholds).predicted
    if task.kind == "multilabel":
        return estimate_multilabel_metrics(task, y_true.astype(int), predicted.astype(int), logits, units)
    return estimate_multiclass_metrics(task, y_true, predicted, logits, units)


def require_finite(logits: Floats) -> None:
    """Refuse outputs that are infinite or not a number, from which no metric follows.

    Raises:
        RunError: a logit is not a finite number.
    """
    rows = int((~np.isfinite(logits)).any(axis=1).sum())
    if rows:
        raise RunError(
            f"Expected finite numbers as the model's outputs, found others in {pluralize(rows, 'row')} of {len(logits):,}.",
            "Train again with a lower learning rate.",
        )
