"""Code that computes the metrics of Evaluate with scikit-learn, and the table that it reads."""

from collections.abc import Sequence

import numpy as np
import pandas as pd

from core.codegen.render import render
from core.evaluation.decisions.predictions import Predictions
from core.evaluation.metrics.estimate import MetricEstimate
from core.evaluation.statistics.intervals import wilson_interval
from core.task import Task
from core.types import Targets

# Metrics that are the share of correct rows.
_SHARES = ("accuracy", "subset_accuracy")


def evaluate_code(task: Task, thresholds: Sequence[float], estimates: Sequence[MetricEstimate], file: str) -> str:
    """Python that computes the metrics of a model from a CSV file of :func:`targets_and_predictions`.

    Args:
        task: its kind decides which metrics there are.
        thresholds: those of the model's decision rule; empty for the defaults.
        estimates: the metrics that the app shows; those that are undefined are left out of the code.
        file: the name of the CSV file.
    """
    return render(
        "evaluate.py.j2",
        kind=task.kind,
        labels=list(task.labels),
        thresholds=_per_label(task, thresholds),
        names={estimate.name for estimate in estimates if estimate.value == estimate.value},
        wilson=next((estimate.name for estimate in estimates if _is_wilson(estimate)), ""),
        file=file,
    )


def targets_and_predictions(task: Task, targets: Targets, predictions: Predictions) -> pd.DataFrame:
    """A row for each text.

    The number of its class and ``p(label)`` for each class; 0 or 1 and ``p(label)`` for each label; or the actual and the
    predicted value. Numbers have all their digits.
    """
    if task.kind == "regression":
        return pd.DataFrame({"actual": targets.astype("float64"), "predicted": predictions.predicted.astype("float64")})
    probabilities = pd.DataFrame(predictions.probabilities, columns=[f"p({name})" for name in task.labels])
    if task.kind == "multilabel":
        actual = pd.DataFrame(targets.astype(int), columns=[f"actual({name})" for name in task.labels])
        return pd.concat([actual, probabilities], axis=1)
    probabilities.insert(0, "actual", targets)
    return probabilities


def _per_label(task: Task, thresholds: Sequence[float]) -> list[float]:
    """A threshold for each label of a multi-label task; the thresholds as they are for other tasks."""
    values = [float(threshold) for threshold in thresholds]
    if task.kind != "multilabel":
        return values
    return values * task.outputs if len(values) == 1 else values or [0.5] * task.outputs


def _is_wilson(estimate: MetricEstimate) -> bool:
    """Whether an interval is Wilson's; where rows depend on one another, the app takes a wider one."""
    if estimate.name not in _SHARES:
        return False
    return np.allclose(wilson_interval(estimate.value * estimate.rows, estimate.rows), (estimate.low, estimate.high))
