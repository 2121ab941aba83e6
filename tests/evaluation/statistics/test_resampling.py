"""Resampling: units are drawn whole, and intervals of means agree with standard errors."""

import math

import numpy as np
import pytest

from core.evaluation.statistics.intervals import percentile_interval
from core.evaluation.statistics.resampling import bootstrap_weights, mean_interval, resample_rows


def test_each_resample_has_as_many_rows_as_the_data() -> None:
    weights = np.concatenate(list(bootstrap_weights(7, 50)))
    assert weights.shape == (50, 7)
    assert (weights.sum(axis=1) == 7).all()


def test_units_are_drawn_whole() -> None:
    units = np.asarray([5, 5, 2, 2, 2, 9])
    weights = np.concatenate(list(bootstrap_weights(6, 50, units=units)))
    assert (weights[:, 0] == weights[:, 1]).all()
    assert (weights[:, 2] == weights[:, 3]).all()
    assert (weights[:, [0, 2, 5]].sum(axis=1) == 3).all()


def test_the_interval_of_a_mean_agrees_with_its_standard_error() -> None:
    values = np.random.default_rng(0).normal(10, 1, size=400)
    resampled = resample_rows(lambda weights: {"mean": weights @ values / 400}, 400)["mean"]
    for low, high in (percentile_interval(float(values.mean()), resampled, 400), mean_interval(values)):
        assert high - low == pytest.approx(2 * 1.96 * values.std() / 20, rel=0.1)


def test_repeated_rows_in_units_do_not_narrow_the_interval_of_a_mean() -> None:
    values = np.random.default_rng(0).exponential(size=60)
    once = mean_interval(values)
    repeated = mean_interval(np.repeat(values, 5), np.repeat(np.arange(60), 5))
    assert repeated == pytest.approx(once)


def test_the_interval_of_a_mean_of_few_rows() -> None:
    assert math.isnan(mean_interval(np.asarray([1.0])).low)
    assert mean_interval(np.asarray([2.0, 2.0])) == (2, 2)
    low, high = mean_interval(np.asarray([0.0, 1.0, 2.0]))
    assert 0 <= low <= 1 <= high <= 10
