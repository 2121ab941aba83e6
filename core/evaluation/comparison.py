"""Comparison of two models on the same rows: the difference with its interval, a p-value and a verdict in words."""

import math
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from core.errors import ConfigError
from core.evaluation.decisions.one_vs_rest import label_indicators
from core.evaluation.decisions.predictions import make_predictions
from core.evaluation.metrics.definitions import COMPARISON_METRICS, METRICS, Metric
from core.evaluation.metrics.summary import log_losses
from core.evaluation.statistics import counts
from core.evaluation.statistics.counts import Counts
from core.evaluation.statistics.intervals import percentile_interval
from core.evaluation.statistics.permutation import correctness_p_value, permutation_p_value
from core.evaluation.statistics.resampling import resample_rows
from core.evaluation.statistics.units import Units, count_units, number_units
from core.formatting import pluralize
from core.task import Floats, Task
from core.types import BoolArray, FloatArray, IndexArray, Targets

_ALPHA = 0.05
# Log losses of the same probabilities, calibrated from different logits, differ by less.
_ROUNDING = 1e-4


@dataclass(frozen=True)
class ModelOutputs:
    """The outputs of one model: its name in sentences, its logits (n, outputs) and its decision thresholds (0.5 if empty).

    ``units`` is the unit of each row (n,): rows of one unit depend on one another. None where each row is its own unit.
    """

    name: str
    logits: Floats
    thresholds: tuple[float, ...] = ()
    units: Units = None


@dataclass(frozen=True)
class Comparison:
    """The values of a metric for two models, and their difference (first minus second) with its 95% interval.

    ``p_value`` is that of McNemar's exact test on correct and wrong predictions; NaN for regression. ``disagreements`` are the
    positions of rows with different predictions; for regression, of rows with different errors, largest difference first.
    Where rows depend on one another, both tests trade whole units, and ``metric_p_value`` is that of the metric; else it is NaN.
    """

    metric: Metric
    names: tuple[str, str]
    first: float
    second: float
    low: float
    high: float
    p_value: float
    rows: int
    disagreements: IndexArray
    split: str = "test"
    metric_p_value: float = math.nan

    @property
    def difference(self) -> float:
        """The first value minus the second."""
        return self.first - self.second

    @property
    def better(self) -> bool | None:
        """Whether the first model is better (True) or worse (False); None where the rows cannot tell."""
        if math.isnan(self.low) or self.low <= 0 <= self.high or self.metric_p_value >= _ALPHA:
            return None
        if self.metric.name == "log_loss" and abs(self.difference) < _ROUNDING:
            return None
        # With few rows a resampled interval is slightly too narrow; an exact test of the same question decides.
        if self.metric.name in ("accuracy", "subset_accuracy") and self.p_value >= _ALPHA:
            return None
        return (self.low > 0) == self.metric.higher_is_better

    @property
    def verdict(self) -> str:
        """Which model is better, in one sentence."""
        first, second = self.names
        if self.better is None:
            return f"{self.row_count} cannot tell {first} and {second} apart."
        direction = "higher" if self.difference > 0 else "lower"
        return (
            f"{first} is {'better' if self.better else 'worse'} than {second}: "
            f"{self.metric.title} is {self.metric.format_size(self.difference)} {direction}."
        )

    @property
    def row_count(self) -> str:
        """The number of rows as text: "40 test rows"."""
        return pluralize(self.rows, f"{self.split} row")


def describe_comparison(comparison: Comparison, method: str = "Fine-tuning") -> str:
    """Whether the method of the first model helped, in one sentence.

    For example "Fine-tuning helped: F1 (macro) is 4.1 points higher than TF-IDF + linear (95% interval +1.0 to +7.2)."
    """
    metric, difference = comparison.metric, comparison.difference
    if comparison.better is None:
        effect = f"{comparison.row_count} cannot tell whether {method[0].lower()}{method[1:]} helped"
        if math.isnan(comparison.low):
            return f"{effect}."
    else:
        effect = f"{method} {'helped' if comparison.better else 'did not help'}"
    direction = "no different from"
    if difference != 0:
        direction = f"{metric.format_size(difference)} {'higher' if difference > 0 else 'lower'} than"
    low, high = (metric.format_difference(end) for end in (comparison.low, comparison.high))
    return f"{effect}: {metric.title} is {direction} {comparison.names[1]} (95% interval {low} to {high})."


def compare(
    task: Task, y_true: Targets, first: ModelOutputs, second: ModelOutputs, metric: str = "", split: str = "test"
) -> Comparison:
    """The comparison of two models by their logits for the same rows.

    Both models are measured on the same resampled rows, so that rows that are difficult for both cancel out.

    Args:
        task: the task of both models.
        y_true: targets (n,) or (n, k), as :meth:`Task.encode` gives them.
        first: the outputs of the first model.
        second: the outputs of the second model.
        metric: one of ``COMPARISON_METRICS`` of the task, or log_loss of any classifier; the first of them if empty.
        split: the name of the rows in sentences.

    Raises:
        ConfigError: the task has no such metric, the models have different rows, or there are no rows.
    """
    metric = _checked_metric(task, metric)
    rows = _checked_rows(y_true, first, second)
    predicted = [make_predictions(task, model.logits, model.thresholds).predicted for model in (first, second)]
    first_metric, second_metric = (
        _resampled_metric(task, metric, y_true, model.logits, y_pred)
        for model, y_pred in zip((first, second), predicted, strict=True)
    )
    all_rows = np.ones((1, rows), dtype=np.float32)
    first_value, second_value = float(first_metric(all_rows)[0]), float(second_metric(all_rows)[0])
    units = number_units(first.units)
    resampled = resample_rows(
        lambda w: {"difference": first_metric(w) - second_metric(w)}, rows, task.outputs, 0, units
    )
    interval = percentile_interval(first_value - second_value, resampled["difference"], count_units(rows, units))
    metric_p_value = math.nan
    if units is not None:
        y_twice, logits, y_pred = (
            np.concatenate(parts) for parts in ((y_true, y_true), (first.logits, second.logits), predicted)
        )
        metric_p_value = permutation_p_value(_resampled_metric(task, metric, y_twice, logits, y_pred), rows, units)
    if task.kind == "regression":
        p_value, disagreements = math.nan, _rows_with_different_errors(y_true, *predicted)
    else:
        correct = [_is_equal(y_true, y_pred) for y_pred in predicted]
        p_value = correctness_p_value(correct[0], correct[1], units)
        disagreements = np.flatnonzero(~_is_equal(*predicted))
    names = (first.name, second.name)
    values = (first_value, second_value, *interval)
    return Comparison(METRICS[metric], names, *values, p_value, rows, disagreements, split, metric_p_value)


def _checked_rows(y_true: Targets, first: ModelOutputs, second: ModelOutputs) -> int:
    rows = len(y_true)
    if not rows == len(first.logits) == len(second.logits) or rows == 0:
        raise ConfigError(
            f"Expected predictions of both models for the same rows, found {len(first.logits)} and {len(second.logits)} "
            f"for {rows} rows.",
            "Choose two runs with the same split.",
        )
    return rows


def _checked_metric(task: Task, metric: str) -> str:
    choices = COMPARISON_METRICS[task.kind]
    if metric == "log_loss" and task.kind != "regression":
        return metric
    if metric and metric not in choices:
        raise ConfigError(f"Expected one of {', '.join(choices)}, found {metric!r}.", "Choose one of these metrics.")
    return metric or choices[0]


def _resampled_metric(
    task: Task, metric: str, y_true: Targets, logits: Floats, y_pred: Targets
) -> Callable[[Floats], FloatArray]:
    """The metric as a function of how often each row was drawn, (resamples, n) to (resamples,)."""
    if metric.startswith("f1"):
        actual, predicted = label_indicators(task, y_true), label_indicators(task, y_pred)
        f1 = (counts.micro if metric == "f1_micro" else counts.macro)(counts.f1)
        return lambda weights: f1(Counts.from_resamples(weights, actual, predicted))
    if metric == "log_loss":
        row_values = log_losses(y_true, logits)
    elif task.kind == "regression":
        row_values = np.abs(logits[:, 0].astype(np.float64) - y_true) ** (2 if metric == "rmse" else 1)
    else:
        row_values = _is_equal(y_true, y_pred).astype(np.float64)
    if metric == "rmse":
        return lambda weights: np.asarray(np.sqrt(weights @ row_values / weights.sum(axis=1)))
    return lambda weights: np.asarray(weights @ row_values / weights.sum(axis=1))


def _is_equal(y_true: Targets, y_pred: Targets) -> BoolArray:
    """Whether each row is equal, (n,); for multi-label tasks, whether all labels are."""
    equal = y_true == y_pred
    return np.asarray(equal.all(axis=1) if equal.ndim == 2 else equal)


def _rows_with_different_errors(y_true: Targets, first: Targets, second: Targets) -> IndexArray:
    """Positions of the rows in which two predictions differ in their absolute error, largest difference first."""
    difference = np.abs(np.abs(first - y_true) - np.abs(second - y_true))
    order = np.argsort(-difference, kind="stable")
    return np.asarray(order[difference[order] > 0])
