"""The measures of answers that are numbers."""

import numpy as np

from core.evaluation.metrics import summary
from core.evaluation.metrics.estimate import MetricEstimate
from core.evaluation.statistics import intervals, ranking
from core.evaluation.statistics.counts import Values
from core.task import Task


def estimate_regression_metrics(targets: Values, predicted: Values) -> list[MetricEstimate]:
    """Each with its interval; ``targets`` and ``predicted`` are (n,)."""
    rows = len(targets)
    values = summary.summarize(Task("regression", ()), targets, predicted[:, None].astype(np.float64))
    drawn = intervals.resample_rows(lambda weights: _drawn_numbers(weights, targets, predicted), rows, 6)
    notes = _notes_of_numbers(targets, predicted)
    return [
        MetricEstimate(name, value, *intervals.percentiles(value, drawn[name], rows), rows, notes.get(name, ""))
        for name, value in values.items()
    ]


def _drawn_numbers(weights: ranking.Weights, targets: Values, predicted: Values) -> dict[str, Values]:
    rows, errors = len(targets), predicted - targets
    # Around the mean, so that large numbers with a small spread lose nothing.
    centred = targets - targets.mean()
    squares = weights @ errors**2 / rows
    std = weights @ centred**2 / rows - (weights @ centred / rows) ** 2
    return {
        "mae": weights @ np.abs(errors) / rows,
        "rmse": np.sqrt(squares),
        "r2": 1 - np.divide(squares, std, out=np.full(len(squares), np.nan), where=std > 1e-12 * np.ptp(targets) ** 2),
        "spearman": ranking.rank_correlation(weights, targets, predicted),
    }


def _notes_of_numbers(targets: Values, predicted: Values) -> dict[str, str]:
    if len(targets) < 2:
        return dict.fromkeys(("r2", "spearman"), "Undefined: there is only one row.")
    if np.ptp(targets) == 0:
        return dict.fromkeys(("r2", "spearman"), "Undefined: all rows have the same number.")
    return {"spearman": "Undefined: all predictions are the same number."} if np.ptp(predicted) == 0 else {}
