"""Intervals: Wilson's published values, what they must hold, and that they cover."""

import math
import time

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from core.evaluation.statistics import counts, intervals
from core.evaluation.statistics.intervals import bootstrap_weights, from_counts, percentiles, resample_rows, wilson

F1 = {"f1": counts.macro(counts.f1)}


def test_wilson_by_hand() -> None:
    # 81 of 263: Newcombe (1998), table I.
    assert wilson(81, 263) == pytest.approx((0.2553, 0.3662), abs=5e-5)
    assert wilson(0, 20) == pytest.approx((0, 0.1611), abs=5e-5)
    assert wilson(20, 20).high == 1.0
    assert all(math.isnan(end) for end in wilson(0, 0))


@settings(max_examples=30, deadline=None)
@given(st.integers(1, 500).flatmap(lambda rows: st.tuples(st.integers(0, rows), st.just(rows))))
def test_wilson_holds_the_share(pair: tuple[int, int]) -> None:
    low, high = wilson(*pair)
    assert 0 <= low <= pair[0] / pair[1] <= high <= 1


@settings(max_examples=30, deadline=None)
@given(st.lists(st.tuples(st.integers(0, 2), st.integers(0, 2)), min_size=1, max_size=30))
def test_counts_hold_the_value(pairs: list[tuple[int, int]]) -> None:
    actual, answered = (np.asarray(side) for side in zip(*pairs, strict=True))
    low, high = from_counts(actual, answered, 3, F1)["f1"]
    if len(pairs) == 1:
        assert math.isnan(low)
    else:
        value = float(F1["f1"](counts.Counts.of_classes(actual, answered, 3)))
        assert 0 <= low <= value + 1e-12
        assert value - 1e-12 <= high <= 1


def test_no_mistake_seen_is_no_proof_of_perfection() -> None:
    actual = np.arange(40) % 2
    low, high = from_counts(actual, actual, 2, F1)["f1"]
    # As a share of 40 right among 40 would have it.
    assert low == pytest.approx(wilson(40, 40).low, abs=0.03)
    assert high == 1


@pytest.mark.parametrize("classes", [2, 10])
def test_macro_f1_covers(classes: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(intervals, "RESAMPLES", 300)
    rng = np.random.default_rng(0)
    accuracy, sets = 0.9, 300
    hits = 0
    for seed in range(sets):
        actual = rng.integers(0, classes, 200)
        answered = np.where(rng.random(200) < accuracy, actual, (actual + rng.integers(1, classes, 200)) % classes)
        low, high = from_counts(actual, answered, classes, F1, seed)["f1"]
        hits += low <= accuracy <= high  # with equal classes and errors spread evenly, F1 is the accuracy
    assert hits / sets >= 0.92


def test_ten_thousand_rows_of_twenty_classes_are_quick() -> None:
    rng = np.random.default_rng(0)
    actual = rng.integers(0, 20, 10_000)
    answered = np.where(rng.random(10_000) < 0.8, actual, rng.integers(0, 20, 10_000))
    start = time.process_time()
    from_counts(actual, answered, 20, F1)
    assert time.process_time() - start < 3


def test_weights_draw_as_many_rows_as_there_are() -> None:
    weights = np.concatenate(list(bootstrap_weights(7, 50)))
    assert weights.shape == (50, 7)
    assert (weights.sum(axis=1) == 7).all()


def test_the_mean_of_resampled_rows() -> None:
    values = np.random.default_rng(0).normal(size=400)
    drawn = resample_rows(lambda weights: {"mean": weights @ values / 400}, 400)["mean"]
    low, high = percentiles(float(values.mean()), drawn, 400)
    assert high - low == pytest.approx(2 * 1.96 * values.std() / 20, rel=0.1)
    assert math.isnan(percentiles(1.0, np.asarray([1.0, 1.0]), 1).low)
    assert math.isnan(percentiles(math.nan, drawn, 400).low)
