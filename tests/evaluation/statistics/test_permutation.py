"""Permutation tests: McNemar where rows are independent, and units that trade together."""

import numpy as np
import pytest
from scipy.stats import binomtest

from core.evaluation.statistics.permutation import correctness_p_value, permutation_p_value


def test_independent_rows_have_the_p_value_of_mcnemar() -> None:
    first = np.repeat([True, True, False, False], [50, 12, 4, 9])
    second = np.repeat([True, False, True, False], [50, 12, 4, 9])
    assert correctness_p_value(first, second) == pytest.approx(binomtest(12, 16).pvalue)
    assert correctness_p_value(first, first) == 1


def test_copies_of_a_row_are_no_evidence() -> None:
    first, second = np.ones(30, dtype=bool), np.zeros(30, dtype=bool)
    assert correctness_p_value(first, second) < 1e-6
    assert correctness_p_value(first, second, np.repeat(np.arange(3), 10)) == pytest.approx(0.25)


def test_a_traded_metric_has_about_the_exact_p_value() -> None:
    first = np.repeat([1.0, 0.0, 1.0], [12, 4, 30])
    second = np.repeat([0.0, 1.0, 1.0], [12, 4, 30])
    stacked = np.concatenate([first, second])
    p_value = permutation_p_value(lambda weights: weights @ stacked / 46, 46)
    assert p_value == pytest.approx(binomtest(12, 16).pvalue, abs=0.02)
    assert permutation_p_value(lambda weights: weights @ stacked / 46, 46, np.zeros(46, dtype=int)) == 1
