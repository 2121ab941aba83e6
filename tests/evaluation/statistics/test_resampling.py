"""Resampling: intervals contain their value, cover the truth, and are quick."""

import math
import time

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from core.evaluation.statistics import counts, resampling
from core.evaluation.statistics.counts import Counts
from core.evaluation.statistics.intervals import percentile_interval, wilson_interval
from core.evaluation.statistics.resampling import bootstrap_weights, intervals_from_counts, resample_rows

F1 = {"f1": counts.macro(counts.f1)}


@settings(max_examples=30, deadline=None)
@given(st.lists(st.tuples(st.integers(0, 2), st.integers(0, 2)), min_size=1, max_size=30))
def test_an_interval_contains_its_value(pairs: list[tuple[int, int]]) -> None:
    y_true, y_pred = (np.asarray(column) for column in zip(*pairs, strict=True))
    low, high = intervals_from_counts(y_true, y_pred, 3, F1)["f1"]
    if len(pairs) == 1:
        assert math.isnan(low)
    else:
        value = float(F1["f1"](Counts.from_classes(y_true, y_pred, 3)))
        assert 0 <= low <= value + 1e-12
        assert value - 1e-12 <= high <= 1


def test_rows_without_errors_do_not_prove_a_perfect_model() -> None:
    y_true = np.arange(40) % 2
    low, high = intervals_from_counts(y_true, y_true, 2, F1)["f1"]
    # As for a proportion of 40 among 40.
    assert low == pytest.approx(wilson_interval(40, 40).low, abs=0.03)
    assert high == 1


@pytest.mark.parametrize("classes", [2, 10])
def test_the_interval_of_macro_f1_covers(classes: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(resampling, "RESAMPLES", 300)
    rng = np.random.default_rng(0)
    accuracy, datasets = 0.9, 300
    covered = 0
    for seed in range(datasets):
        y_true = rng.integers(0, classes, 200)
        wrong = (y_true + rng.integers(1, classes, 200)) % classes
        y_pred = np.where(rng.random(200) < accuracy, y_true, wrong)
        low, high = intervals_from_counts(y_true, y_pred, classes, F1, seed)["f1"]
        covered += low <= accuracy <= high  # with equal classes and evenly spread errors, F1 is the accuracy
    assert covered / datasets >= 0.92


def test_ten_thousand_rows_of_twenty_classes_are_quick() -> None:
    rng = np.random.default_rng(0)
    y_true = rng.integers(0, 20, 10_000)
    y_pred = np.where(rng.random(10_000) < 0.8, y_true, rng.integers(0, 20, 10_000))
    start = time.process_time()
    intervals_from_counts(y_true, y_pred, 20, F1)
    assert time.process_time() - start < 3


def test_each_resample_has_as_many_rows_as_the_data() -> None:
    weights = np.concatenate(list(bootstrap_weights(7, 50)))
    assert weights.shape == (50, 7)
    assert (weights.sum(axis=1) == 7).all()


def test_the_interval_of_a_mean_agrees_with_its_standard_error() -> None:
    values = np.random.default_rng(0).normal(size=400)
    resampled = resample_rows(lambda weights: {"mean": weights @ values / 400}, 400)["mean"]
    low, high = percentile_interval(float(values.mean()), resampled, 400)
    assert high - low == pytest.approx(2 * 1.96 * values.std() / 20, rel=0.1)
