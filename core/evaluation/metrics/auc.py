"""ROC-AUC and average precision: values from scikit-learn; intervals from the influence of each row."""

import math
from collections.abc import Callable

import numpy as np
from sklearn import metrics as sk

from core.evaluation.decisions.one_vs_rest import label_indicators, ranked_labels
from core.evaluation.metrics.estimate import MetricEstimate
from core.evaluation.metrics.trust import MIN_LABEL_ROWS, MIN_ROWS_OF_A_PART, join_notes, note_on_rare_labels
from core.evaluation.statistics.intervals import UNKNOWN_INTERVAL, Interval, auc_interval, wilson_interval
from core.evaluation.statistics.ranking import auc_influence, average_precision_influence
from core.evaluation.statistics.rates import influence_correlation, mover_interval
from core.evaluation.statistics.units import Units, clustered_variance, count_units
from core.formatting import join_names
from core.task import Floats, Task
from core.types import BoolArray, FloatArray, IndexArray, Targets

_NAMES = ("roc_auc", "average_precision")


def estimate_aucs(task: Task, y_true: Targets, logits: Floats, units: Units = None) -> list[MetricEstimate]:
    """ROC-AUC and average precision: of the second class of two, else the mean over labels with positive and negative rows."""
    labels, positive, scores = ranked_labels(task, y_true, logits)
    rows, positives = len(positive), positive.sum(axis=0)
    independent = count_units(rows, units)
    defined = np.flatnonzero((positives > 0) & (positives < rows))
    note = f"Of the class {task.labels[1]}." if task.kind == "binary" else _note_on_omitted(labels, defined)
    if len(defined) == 0:
        note = "Undefined: no label has both rows with it and rows without it."
        return [MetricEstimate(name, math.nan, *UNKNOWN_INTERVAL, rows, note, independent) for name in _NAMES]
    positive, scores = positive[:, defined], scores[:, defined]
    areas = np.asarray([sk.roc_auc_score(positive[:, i], scores[:, i]) for i in range(len(defined))])
    precisions = np.asarray([average_precision(positive[:, i], scores[:, i]) for i in range(len(defined))])
    estimates = []
    for name, values, find_interval, least in (
        ("roc_auc", areas, _area_interval, MIN_ROWS_OF_A_PART),
        ("average_precision", precisions, _precision_interval, MIN_LABEL_ROWS),
    ):
        # A label without rows has a ranking too, which these rows do not show.
        rare = note_on_rare_labels(task.labels, _smaller_sides(task, y_true), units, least)
        interval = find_interval(values, positive, scores, units)
        estimates.append(
            MetricEstimate(name, float(values.mean()), *interval, rows, join_notes(note, rare), independent)
        )
    return estimates


def average_precision(positive: BoolArray, scores: FloatArray) -> float:
    """Average precision of one label; NaN without positive rows."""
    return float(sk.average_precision_score(positive, scores)) if positive.any() else math.nan


def _area_interval(areas: FloatArray, positive: BoolArray, scores: FloatArray, units: Units) -> Interval:
    """The interval of the mean ROC-AUC of k labels, with dependent rows as by Obuchowski (1997)."""
    influence = _by_label(auc_influence, positive, scores)
    ends = []
    for moved, area, positives in zip(influence.T, areas, positive.sum(axis=0), strict=True):
        row_by_row = float(moved @ moved)
        effect = (
            clustered_variance(moved, units) / row_by_row
            if row_by_row > 0
            else len(positive) / count_units(len(positive), units)
        )
        ends.append(auc_interval(float(area), float(positives), float(len(positive) - positives), effect))
    return mover_interval(float(areas.mean()), areas, _both_ends(ends), influence_correlation(influence, units))


def _precision_interval(values: FloatArray, positive: BoolArray, scores: FloatArray, units: Units) -> Interval:
    """The interval of the mean average precision of k labels.

    Each is a proportion of as many rows as have its variance, and at most of its positive rows (Boyd, Eng and Page 2013).
    """
    influence = _by_label(average_precision_influence, positive, scores)
    ends = []
    for moved, value, has_label in zip(influence.T, values, positive.T, strict=True):
        variance = clustered_variance(moved, units)
        effective = float(count_units(int(has_label.sum()), None if units is None else units[has_label]))
        if variance > 0:
            effective = min(effective, max(value * (1 - value) / variance, 1.0))
        ends.append(wilson_interval(value * effective, effective))
    return mover_interval(float(values.mean()), values, _both_ends(ends), influence_correlation(influence, units))


def _by_label(
    influence: Callable[[BoolArray, FloatArray], FloatArray], positive: BoolArray, scores: FloatArray
) -> FloatArray:
    return np.stack([influence(column, score) for column, score in zip(positive.T, scores.T, strict=True)], axis=1)


def _both_ends(intervals: list[Interval]) -> tuple[FloatArray, FloatArray]:
    low, high = np.asarray(intervals, dtype=np.float64).T
    return low, high


def _smaller_sides(task: Task, y_true: Targets) -> BoolArray:
    """For each label whether each row is on the side with fewer rows, (n, k)."""
    indicators = label_indicators(task, y_true)
    return indicators if task.one_label else np.where(indicators.mean(axis=0) > 0.5, ~indicators, indicators)


def _note_on_omitted(labels: tuple[str, ...], defined: IndexArray) -> str:
    omitted = [name for i, name in enumerate(labels) if i not in defined]
    return f"Omitted, because all rows or no rows have them: {join_names(omitted)}." if omitted else ""
