"""Metrics of tasks in which a number is predicted."""

import numpy as np

from core.evaluation.metrics import summary
from core.evaluation.metrics.estimate import MetricEstimate
from core.evaluation.statistics.intervals import percentile_interval
from core.evaluation.statistics.ranking import rank_correlation
from core.evaluation.statistics.resampling import resample_rows
from core.task import Floats, Task
from core.types import FloatArray


def estimate_regression_metrics(y_true: FloatArray, y_pred: FloatArray) -> list[MetricEstimate]:
    """Every metric with its interval; both arrays (n,)."""
    rows = len(y_true)
    values = summary.summarize_predictions(Task("regression", ()), y_true, y_pred)
    resampled = resample_rows(lambda weights: _resampled_metrics(weights, y_true, y_pred), rows, 6)
    notes = _notes(y_true, y_pred)
    return [
        MetricEstimate(name, value, *percentile_interval(value, resampled[name], rows), rows, notes.get(name, ""))
        for name, value in values.items()
    ]


def _resampled_metrics(weights: Floats, y_true: FloatArray, y_pred: FloatArray) -> dict[str, FloatArray]:
    rows, errors = len(y_true), y_pred - y_true
    # Centered, so that large values with a small spread lose no precision.
    centered = y_true - y_true.mean()
    squared_error = weights @ errors**2 / rows
    variance = weights @ centered**2 / rows - (weights @ centered / rows) ** 2
    varied = variance > 1e-12 * np.ptp(y_true) ** 2
    return {
        "mae": weights @ np.abs(errors) / rows,
        "rmse": np.sqrt(squared_error),
        "r2": 1 - np.divide(squared_error, variance, out=np.full(len(squared_error), np.nan), where=varied),
        "spearman": rank_correlation(weights, y_true, y_pred),
    }


def _notes(y_true: FloatArray, y_pred: FloatArray) -> dict[str, str]:
    if len(y_true) < 2:
        return dict.fromkeys(("r2", "spearman"), "Undefined: there is only one row.")
    if np.ptp(y_true) == 0:
        return dict.fromkeys(("r2", "spearman"), "Undefined: all rows have the same value.")
    return {"spearman": "Undefined: all predictions are the same value."} if np.ptp(y_pred) == 0 else {}
