"""Two models on the same rows: how much better one is, with an interval, and one verdict."""

import math
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from scipy.stats import binomtest

from core.errors import ConfigError
from core.evaluation.decisions.thresholds import Thresholds, decide
from core.evaluation.metrics.definitions import COMPARISON_METRICS, METRICS
from core.evaluation.metrics.one_vs_rest import label_indicators
from core.evaluation.metrics.summary import log_losses
from core.evaluation.statistics import counts
from core.evaluation.statistics.counts import Counts, Targets, Values
from core.evaluation.statistics.intervals import percentiles, resample_rows
from core.evaluation.statistics.ranking import Weights
from core.formatting import pluralize
from core.task import Floats, Task

_ALPHA = 0.05


@dataclass(frozen=True)
class Comparison:
    """A difference, ours minus theirs, with its 95 % interval.

    ``p_value`` is McNemar's exact one for right against wrong answers (NaN for numbers), ``disagree`` holds the positions of
    rows that the two answer differently (for numbers: where one errs by more than the other, largest difference first).
    """

    metric: str
    title: str
    ours: float
    theirs: float
    difference: float
    low: float
    high: float
    p_value: float
    rows: int
    disagree: npt.NDArray[np.intp]
    verdict: str
    split: str = "test"

    @property
    def better(self) -> bool | None:
        """Whether ours is better (True) or worse (False); None where they cannot be told apart."""
        return _better(self.metric, self.low, self.high, self.p_value)


def compare(
    task: Task,
    targets: Targets,
    ours: Floats,
    theirs: Floats,
    metric: str = "",
    names: tuple[str, str] = ("the first model", "the second"),
    thresholds: tuple[Thresholds | None, Thresholds | None] = (None, None),
    split: str = "test",
) -> Comparison:
    """Compare two models by their logits (n, outputs) for the same rows, which the sentences call ``split`` rows.

    The rows are resampled and both models measured on each resample, so that what is hard for both cancels out.

    Raises:
        ConfigError: the task has no such metric, the models answered different rows, or there are none.
    """
    metric = metric or COMPARISON_METRICS[task.kind][0]
    if metric not in COMPARISON_METRICS[task.kind]:
        raise ConfigError(
            f"Expected one of {', '.join(COMPARISON_METRICS[task.kind])}, found {metric!r}.", "Choose one of these."
        )
    if not len(targets) == len(ours) == len(theirs) or len(targets) == 0:
        raise ConfigError(
            f"Two models are compared on the same rows, found {len(ours)} and {len(theirs)} answers to {len(targets)} rows.",
            "Choose two runs with the same split.",
        )
    rows = len(targets)
    measures = [
        _statistic(task, metric, targets, logits, thresholds)
        for logits, thresholds in zip((ours, theirs), thresholds, strict=True)
    ]
    first, second = (float(each(np.ones((1, rows), dtype=np.float32))[0]) for each in measures)
    drawn = resample_rows(lambda weights: {"": measures[0](weights) - measures[1](weights)}, rows, task.outputs)[""]
    interval = percentiles(first - second, drawn, rows)
    answers = [decide(task, logits, thresholds) for logits, thresholds in zip((ours, theirs), thresholds, strict=True)]
    p_value = math.nan if task.kind == "regression" else mcnemar_p_value(*(_right(each, targets) for each in answers))
    return Comparison(
        metric,
        METRICS[metric].title,
        first,
        second,
        first - second,
        *interval,
        p_value,
        rows,
        _disagree(task, targets, answers[0], answers[1]),
        _verdict(metric, first - second, interval.low, interval.high, p_value, pluralize(rows, f"{split} row"), names),
        split,
    )


def mcnemar_p_value(ours: npt.NDArray[np.bool_], theirs: npt.NDArray[np.bool_]) -> float:
    """McNemar's exact two-sided p-value: whether one model alone is right as often as the other alone; both (n,)."""
    alone, other = int((ours & ~theirs).sum()), int((~ours & theirs).sum())
    return float(binomtest(alone, alone + other).pvalue) if alone + other else 1.0


def describe_comparison(found: Comparison, ours: str = "Fine-tuning", baseline: str = "the baseline") -> str:
    """Whether the effort paid, in one sentence: "Fine-tuning paid: accuracy is 4.1 points better than ..."."""
    by = _amount(found.metric, found.difference)
    span = f"95 % interval {_span(found.metric, found.low, found.high)}"
    if math.isnan(found.difference) or math.isnan(found.low):
        return f"{ours}: whether it paid cannot be said from {pluralize(found.rows, f'{found.split} row')}."
    if found.better:
        return f"{ours} paid: {found.title} is {by} better than that of {baseline} ({span})."
    if found.better is False:
        return f"{ours} did not pay here: {found.title} is {by} worse than that of {baseline} ({span})."
    return (
        f"{ours} did not pay here as far as {pluralize(found.rows, f'{found.split} row')} can tell: "
        f"{found.title} differs from that of {baseline} by {_signed(found.metric, found.difference)} ({span})."
    )


def _statistic(
    task: Task, metric: str, targets: Targets, logits: Floats, thresholds: Thresholds | None
) -> Callable[[Weights], Values]:
    """The metric as a function of how often each row was drawn, (resamples, n) to (resamples,)."""
    rows = len(targets)
    if metric.startswith("f1"):
        return _f1(task, metric, targets, decide(task, logits, thresholds))
    if metric == "log_loss":
        of_rows = log_losses(targets, logits)
    elif task.kind == "regression":
        of_rows = np.abs(logits[:, 0].astype(np.float64) - targets) ** (2 if metric == "rmse" else 1)
    else:
        of_rows = _right(decide(task, logits, thresholds), targets).astype(np.float64)
    if metric == "rmse":
        return lambda weights: np.asarray(np.sqrt(weights @ of_rows / rows))
    return lambda weights: np.asarray(weights @ of_rows / rows)


def _f1(task: Task, metric: str, targets: Targets, decided: Targets) -> Callable[[Weights], Values]:
    wanted, given = label_indicators(task, targets), label_indicators(task, decided)
    average = counts.macro if task.kind != "multilabel" else counts.macro_of_labels
    statistic = (counts.micro if metric == "f1_micro" else average)(counts.f1)
    return lambda weights: statistic(Counts.from_resamples(weights, wanted, given))


def _right(decided: Targets, targets: Targets) -> npt.NDArray[np.bool_]:
    same = decided == targets
    return np.asarray(same.all(axis=1) if same.ndim == 2 else same)


def _disagree(task: Task, targets: Targets, first: Targets, second: Targets) -> npt.NDArray[np.intp]:
    if task.kind != "regression":
        return np.flatnonzero(~_right(first, second))
    apart = np.abs(np.abs(first - targets) - np.abs(second - targets))
    order = np.argsort(-apart, kind="stable")
    return np.asarray(order[apart[order] > 0])


def _better(metric: str, low: float, high: float, p_value: float) -> bool | None:
    if math.isnan(low) or low <= 0 <= high:
        return None
    # With few rows a resampled interval is a little too narrow; an exact test of the same question has the last word.
    if metric in ("accuracy", "subset_accuracy") and p_value >= _ALPHA:
        return None
    return (low > 0) != (not METRICS[metric].higher_is_better)


def _verdict(
    metric: str, difference: float, low: float, high: float, p_value: float, rows: str, names: tuple[str, str]
) -> str:
    better = _better(metric, low, high, p_value)
    if better is None:
        return f"{rows} cannot tell {names[0]} and {names[1]} apart."
    word = "better" if better else "worse"
    return f"{_first(names[0])} is {word} than {names[1]}: {METRICS[metric].title} differs by {_signed(metric, difference)}."


def _first(name: str) -> str:
    """A name at the head of a sentence; what a user called a run stays as it is."""
    return "T" + name[1:] if name.startswith("the ") else name


def _amount(metric: str, value: float) -> str:
    return f"{abs(value) * 100:.1f} points" if METRICS[metric].format == "percent" else f"{abs(value):.3g}"


def _signed(metric: str, value: float) -> str:
    return f"{value * 100:+.1f} points" if METRICS[metric].format == "percent" else f"{value:+.3g}"


def _span(metric: str, low: float, high: float) -> str:
    return f"{_signed(metric, low).removesuffix(' points')} to {_signed(metric, high)}"
