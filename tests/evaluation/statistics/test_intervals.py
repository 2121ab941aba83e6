"""Intervals: Wilson's published values, and that an interval contains its value."""

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from core.evaluation.statistics.intervals import percentile_interval, wilson_interval


def test_wilson_by_hand() -> None:
    # 81 of 263: Newcombe (1998), table I.
    assert wilson_interval(81, 263) == pytest.approx((0.2553, 0.3662), abs=5e-5)
    assert wilson_interval(0, 20) == pytest.approx((0, 0.1611), abs=5e-5)
    assert wilson_interval(20, 20).high == 1.0
    assert all(math.isnan(end) for end in wilson_interval(0, 0))


@settings(max_examples=30, deadline=None)
@given(st.integers(1, 500).flatmap(lambda rows: st.tuples(st.integers(0, rows), st.just(rows))))
def test_wilson_contains_the_proportion(pair: tuple[int, int]) -> None:
    low, high = wilson_interval(*pair)
    assert 0 <= low <= pair[0] / pair[1] <= high <= 1


def test_percentiles_are_unknown_without_enough_rows_or_values() -> None:
    assert math.isnan(percentile_interval(1.0, np.asarray([1.0, 1.0]), 1).low)
    assert math.isnan(percentile_interval(math.nan, np.asarray([1.0, 1.0]), 400).low)
    assert math.isnan(percentile_interval(1.0, np.asarray([math.nan, math.nan]), 400).low)
