"""Metrics of tasks in which a number is predicted."""

import numpy as np

from core.evaluation.metrics import summary
from core.evaluation.metrics.estimate import MetricEstimate
from core.evaluation.metrics.trust import note_on_large_errors
from core.evaluation.statistics.intervals import Interval, percentile_interval
from core.evaluation.statistics.ranking import rank_correlation
from core.evaluation.statistics.resampling import mean_interval, resample_rows
from core.evaluation.statistics.units import Units, count_units
from core.task import Floats, Task
from core.types import FloatArray


def estimate_regression_metrics(y_true: FloatArray, y_pred: FloatArray, units: Units = None) -> list[MetricEstimate]:
    """Every metric with its interval; both arrays (n,), the unit of each row (n,) or None."""
    rows, independent = len(y_true), count_units(len(y_true), units)
    values = summary.summarize_predictions(Task("regression", ()), y_true, y_pred)
    resampled = resample_rows(lambda weights: _resampled_metrics(weights, y_true, y_pred), rows, 6, units=units)
    errors, notes = y_pred - y_true, _notes(y_true, y_pred)
    intervals = {
        "mae": mean_interval(np.abs(errors), units),
        "rmse": Interval(*np.sqrt(mean_interval(errors**2, units))),
    } | {name: percentile_interval(values[name], resampled[name], independent) for name in ("r2", "spearman")}
    return [
        MetricEstimate(name, value, *intervals[name], rows, notes.get(name, ""), independent)
        for name, value in values.items()
    ]


def _resampled_metrics(weights: Floats, y_true: FloatArray, y_pred: FloatArray) -> dict[str, FloatArray]:
    rows, errors = weights.sum(axis=1), y_pred - y_true
    # Centered, so that large values with a small spread lose no precision.
    centered = y_true - y_true.mean()
    squared_error = weights @ errors**2 / rows
    variance = weights @ centered**2 / rows - (weights @ centered / rows) ** 2
    varied = variance > 1e-12 * np.ptp(y_true) ** 2
    return {
        "r2": 1 - np.divide(squared_error, variance, out=np.full(len(squared_error), np.nan), where=varied),
        "spearman": rank_correlation(weights, y_true, y_pred),
    }


def _notes(y_true: FloatArray, y_pred: FloatArray) -> dict[str, str]:
    unstable = dict.fromkeys(("rmse", "r2"), note_on_large_errors(y_pred - y_true))
    if len(y_true) < 2:
        return dict.fromkeys(("r2", "spearman"), "Undefined: there is only one row.")
    if np.ptp(y_true) == 0:
        return unstable | dict.fromkeys(("r2", "spearman"), "Undefined: all rows have the same value.")
    return unstable | ({"spearman": "Undefined: all predictions are the same value."} if np.ptp(y_pred) == 0 else {})
