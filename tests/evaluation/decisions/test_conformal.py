"""Conformal intervals: the half width by hand, and their coverage."""

import math

import numpy as np
import pytest

from core.errors import ConfigError
from core.evaluation.decisions.conformal import conformal_coverage, conformal_half_width


def test_half_width_and_coverage_by_hand() -> None:
    errors = np.asarray([0.5, 0.1, 0.9, 0.3, 0.7, 0.2, 0.4, 0.6, 0.8])
    # ceil(10 * 0.9) = 9: the ninth smallest of nine.
    assert conformal_half_width(errors, 0.9) == 0.9
    assert conformal_half_width(errors, 0.5) == 0.5
    assert conformal_half_width(errors, 0.95) == math.inf
    share, interval = conformal_coverage(errors, 0.45)
    assert share == pytest.approx(4 / 9)
    assert interval.low < share < interval.high
    assert math.isnan(conformal_coverage(errors[:0], 1.0)[0])


def test_a_level_out_of_range() -> None:
    with pytest.raises(ConfigError, match="between 0 and 1, found 1"):
        conformal_half_width(np.asarray([0.1]), 1)


def test_new_values_are_covered_as_often_as_the_level_says() -> None:
    rng = np.random.default_rng(0)
    shares = []
    for _ in range(400):
        validation_errors, test_errors = np.abs(rng.standard_t(3, (2, 100)))
        shares.append(conformal_coverage(test_errors, conformal_half_width(validation_errors, 0.9))[0])
    assert np.mean(shares) == pytest.approx(91 / 101, abs=0.01)
