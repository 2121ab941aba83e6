"""Prediction-powered inference: it holds the truth and is never worse than the labeled rows alone."""

import numpy as np
import pytest

from core.evaluation.prevalence.pile import Moments, moments_of
from core.evaluation.prevalence.prediction_powered import prediction_powered_mean, prediction_powered_share
from core.evaluation.statistics.intervals import wilson_interval


@pytest.mark.parametrize(("share", "correct"), [(0.5, 0.95), (0.1, 0.97), (0.02, 0.5)])
def test_intervals_hold_and_are_not_wider_than_those_of_the_labeled_rows(share: float, correct: float) -> None:
    rng = np.random.default_rng(0)
    held, widths, alone = [], [], []
    for _ in range(60):
        actual = rng.random(200) < share
        predicted = np.where(rng.random(200) < correct, actual, ~actual)
        pile = rng.random(10_000) < share
        pile = np.where(rng.random(10_000) < correct, pile, ~pile)
        _, interval = prediction_powered_share(actual, predicted, moments_of(pile.astype(float)))
        held.append(interval.low <= share <= interval.high)
        widths.append(interval.high - interval.low)
        labeled = wilson_interval(int(actual.sum()), 200)
        alone.append(labeled.high - labeled.low)
    assert np.mean(held) >= 0.9
    assert np.mean(widths) <= 1.02 * np.mean(alone)
    if correct > 0.9:
        assert np.mean(widths) < 0.95 * np.mean(alone)


def test_no_errors_on_few_rows_are_not_taken_for_a_flawless_model() -> None:
    actual = np.asarray([False] * 48 + [True] * 2)
    _, interval = prediction_powered_share(actual, actual, Moments(100_000, 4_000, 4_000))
    assert interval.high > 0.06


def test_a_constant_prediction_leaves_the_mean_of_the_labeled_rows() -> None:
    actual = np.asarray([1.0, 2.0, 3.0, 6.0])
    mean, interval = prediction_powered_mean(actual, np.full(4, 2.0), Moments(10, 20.0, 40.0))
    assert mean == 3.0
    assert interval.low < 3.0 < interval.high


def test_too_few_rows_have_no_interval() -> None:
    mean, interval = prediction_powered_mean(np.ones(2), np.ones(2), Moments(10, 20.0, 40.0))
    assert np.isnan([mean, *interval]).all()
    assert np.isnan(prediction_powered_share(np.ones(0, dtype=bool), np.ones(0, dtype=bool), Moments())[0])
