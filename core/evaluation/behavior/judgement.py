"""Judges predictions by a behavioral test: which cases pass, how badly the others fail, and the pass rate with its interval."""

from dataclasses import dataclass

import numpy as np

from core.evaluation.behavior.definitions import BehaviorTest, Expectation
from core.evaluation.decisions.predictions import Predictions
from core.evaluation.statistics.intervals import Interval
from core.evaluation.statistics.rates import rate_interval, rates_of_rows
from core.evaluation.statistics.units import count_units, number_units
from core.task import Task
from core.types import BoolArray, FloatArray, IndexArray

# The same text in another batch gives probabilities that differ by less.
_ROUNDING = 1e-6


@dataclass(frozen=True)
class Judgement:
    """For n cases: whether each passed, by how much it failed (0 if it passed), and the judged score before and after.

    The score is the probability of the label that is watched, or the predicted value of a regression.
    """

    passed: BoolArray
    severity: FloatArray
    score_before: FloatArray
    score_after: FloatArray


def judge(test: BehaviorTest, before: Predictions, after: Predictions) -> Judgement:
    """The judgement of predictions before and after the change; the test must fit the task (see ``check_for_task``)."""
    if test.kind == "minimum_functionality":
        return _judge_expected(test.expectation, after)
    if test.kind == "invariance":
        return _judge_invariance(test.expectation.margin, before, after)
    return _judge_direction(test.expectation, before, after)


def _judge_invariance(margin: float, before: Predictions, after: Predictions) -> Judgement:
    """Passes where the prediction is the same, or its score moved by at most the margin."""
    columns = _judged_columns(before, after)
    first, second = _scores(before, columns), _scores(after, columns)
    moved = np.abs(second - first)
    passed = moved <= margin + _ROUNDING
    if before.task.kind != "regression":
        same = before.predicted == after.predicted
        is_same = same.all(axis=1) if same.ndim == 2 else same
        passed = is_same | (moved <= margin)
    return Judgement(passed, np.where(passed, 0.0, moved), first, second)


def _judge_direction(expectation: Expectation, before: Predictions, after: Predictions) -> Judgement:
    """Passes where the score moved as expected: by the margin at least, or against it by the margin at most."""
    columns = _label_columns(expectation.label, before)
    first, second = _scores(before, columns), _scores(after, columns)
    sign = 1 if expectation.direction in ("rises", "does not fall") else -1
    moved = sign * (second - first)
    if expectation.direction in ("rises", "falls"):
        short = expectation.margin - moved
        passed = (short <= _ROUNDING) & (moved > 0)
    else:
        short = -moved - expectation.margin
        passed = short <= _ROUNDING
    return Judgement(passed, np.where(passed, 0.0, np.maximum(short, 0.0)), first, second)


def _judge_expected(expectation: Expectation, after: Predictions) -> Judgement:
    """Passes where the expected label is predicted, or the predicted value is in the range."""
    columns = _label_columns(expectation.label, after)
    score = _scores(after, columns)
    if after.task.kind == "regression":
        low = -np.inf if expectation.low is None else expectation.low
        high = np.inf if expectation.high is None else expectation.high
        outside = np.maximum(np.maximum(low - score, score - high), 0.0)
        return Judgement(outside <= 0, outside, score, score)
    label = after.task.labels.index(expectation.label)
    passed = after.predicted[:, label] > 0 if after.task.kind == "multilabel" else after.predicted == label
    return Judgement(np.asarray(passed), np.where(passed, 0.0, 1 - score), score, score)


def _judged_columns(before: Predictions, after: Predictions) -> IndexArray:
    """The output by which an invariance is judged: the predicted class, or the label that moved most of those that changed."""
    if before.task.kind != "multilabel":
        return _label_columns("", before)
    moved = np.abs(after.probabilities - before.probabilities)
    changed = before.predicted != after.predicted
    return np.asarray(np.where(changed, moved + 1, moved).argmax(axis=1), dtype=np.intp)


def _label_columns(label: str, predictions: Predictions) -> IndexArray:
    """The output of a label in each row; without a label that of the predicted class, or the only one."""
    if label:
        return np.full(len(predictions), predictions.task.labels.index(label), dtype=np.intp)
    if predictions.task.one_label:
        return np.asarray(predictions.predicted, dtype=np.intp)
    return np.zeros(len(predictions), dtype=np.intp)


def _scores(predictions: Predictions, columns: IndexArray) -> FloatArray:
    return np.asarray(predictions.probabilities[np.arange(len(predictions)), columns], dtype=np.float64)


@dataclass(frozen=True)
class PassRate:
    """The share of cases that passed, with its 95% interval; NaN without cases.

    ``units`` is the number of independent units: seed texts, or templates.
    """

    passed: int
    cases: int
    units: int
    interval: Interval

    @property
    def value(self) -> float:
        """The pass rate."""
        return self.passed / self.cases if self.cases else float("nan")

    def reaches(self, wanted: float) -> bool:
        """Whether the pass rate is at least the wanted one; without cases it is not."""
        return self.cases > 0 and self.value >= wanted - 1e-9


def measure_pass_rate(passed: BoolArray, units: IndexArray) -> PassRate:
    """The pass rate of n cases and their units, (n,) each, with Wilson's interval for the effective number of cases.

    The cases of one unit depend on one another (see :mod:`core.evaluation.statistics.rates`).
    """
    interval = rate_interval(rates_of_rows(passed.astype(np.float64)), number_units(units))
    return PassRate(int(passed.sum()), len(passed), count_units(len(passed), units), interval)


def score_title(test: BehaviorTest, task: Task) -> str:
    """What the score of a case is, in a few words."""
    if task.kind == "regression":
        return "predicted value"
    if test.expectation.label:
        return f"probability of “{test.expectation.label}”"
    return "probability of the label predicted before" if task.one_label else "probability of the label that moved most"
