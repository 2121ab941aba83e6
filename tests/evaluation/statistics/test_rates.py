"""Intervals of rates and of their means: Wilson where rows are independent, wider where they depend on one another."""

import numpy as np
import pytest

from core.evaluation.metrics.rate_intervals import LabelDecisions
from core.evaluation.statistics.intervals import auc_interval, wilson_interval
from core.evaluation.statistics.rates import mover_interval, rate_interval, rates_of_rows
from core.evaluation.statistics.units import count_units, number_units


def decisions(y_true: np.ndarray, y_pred: np.ndarray, classes: int) -> LabelDecisions:
    return LabelDecisions.from_indicators(*(np.eye(classes, dtype=bool)[part] for part in (y_true, y_pred)))


def test_independent_rows_have_the_interval_of_wilson() -> None:
    correct = np.repeat([1.0, 0.0], [81, 182])
    assert rate_interval(rates_of_rows(correct)) == pytest.approx(wilson_interval(81, 263))


def test_copies_of_a_row_count_once() -> None:
    correct = np.repeat([1.0, 0.0], [30, 10])
    once = rate_interval(rates_of_rows(correct))
    copies = rate_interval(rates_of_rows(np.repeat(correct, 4)), np.repeat(np.arange(40), 4))
    assert copies.low == pytest.approx(once.low, abs=0.02)
    assert copies.high == pytest.approx(once.high, abs=0.02)
    # Where all are correct, a group counts as one row too.
    assert rate_interval(rates_of_rows(np.ones(40)), np.repeat(np.arange(10), 4)).low <= wilson_interval(10, 10).low


def test_units_are_numbered_and_counted() -> None:
    numbered = number_units(np.asarray([7, 3, 7]))
    assert numbered is not None
    assert numbered.tolist() == [1, 0, 1]
    assert number_units(np.asarray([7, 3, 5])) is None
    assert (count_units(3, numbered), count_units(3, None)) == (2, 3)


def test_the_interval_of_newcombe_for_an_area() -> None:
    low, high = auc_interval(1.0, 10, 40)
    assert 0.8 < low < 1
    assert high == 1
    low, high = auc_interval(0.5, 50, 50)
    assert (low + high) / 2 == pytest.approx(0.5, abs=1e-6)
    assert high - low == pytest.approx(2 * 1.96 * 0.0577, rel=0.05)
    wider = auc_interval(0.5, 50, 50, design_effect=4.0)
    assert wider.high - wider.low == pytest.approx(2 * (high - low), rel=0.1)


def test_correlated_parts_have_a_wider_mean() -> None:
    parts, ends = np.asarray([0.5, 0.5]), (np.asarray([0.4, 0.4]), np.asarray([0.6, 0.6]))
    assert mover_interval(0.5, parts, ends, np.eye(2)) == pytest.approx((0.5 - 0.1 / 2**0.5, 0.5 + 0.1 / 2**0.5))
    assert mover_interval(0.5, parts, ends, np.ones((2, 2))) == pytest.approx((0.4, 0.6))


def test_rows_without_errors_do_not_prove_a_perfect_model() -> None:
    y_true = np.arange(40) % 2
    low, high = decisions(y_true, y_true, 2).macro_interval("f1", 1.0)
    assert 0.85 < low < 0.96
    assert high == 1


def test_a_class_without_rows_may_have_any_recall() -> None:
    y_true = np.zeros(50, dtype=int)
    low, high = decisions(y_true, y_true, 2).macro_interval("recall", 1.0)
    assert low < 0.5
    assert high == 1


@pytest.mark.parametrize("classes", [2, 10])
def test_the_interval_of_macro_f1_covers(classes: int) -> None:
    rng = np.random.default_rng(0)
    accuracy, datasets = 0.9, 200
    covered = 0
    for _ in range(datasets):
        y_true = rng.integers(0, classes, 200)
        wrong = (y_true + rng.integers(1, classes, 200)) % classes
        y_pred = np.where(rng.random(200) < accuracy, y_true, wrong)
        low, high = decisions(y_true, y_pred, classes).macro_interval("f1", accuracy)
        covered += low <= accuracy <= high  # with equal classes and evenly spread errors, F1 is the accuracy
    assert covered / datasets >= 0.92
