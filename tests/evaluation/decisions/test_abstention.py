"""Abstention: curves by hand, and thresholds that reach their accuracy on new rows."""

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from core.errors import ConfigError
from core.evaluation.decisions.abstention import (
    apply_threshold,
    choose_threshold,
    risk_coverage_curve,
)
from core.evaluation.statistics.intervals import wilson_interval


def overconfident_predictions(rows: int, seed: int) -> tuple[np.ndarray, np.ndarray]:
    """Confidence and correctness of a model whose confidence is too high."""
    rng = np.random.default_rng(seed)
    probability = rng.beta(3, 1, rows)
    return probability**2 / (probability**2 + (1 - probability) ** 2), rng.random(rows) < probability


def test_the_curve_by_hand() -> None:
    confidence, correct = np.asarray([0.9, 0.5, 0.7, 0.5]), np.asarray([True, False, True, True])
    curve = risk_coverage_curve(confidence, correct)
    assert curve["threshold"].tolist() == [0.9, 0.7, 0.5]
    assert curve["coverage"].tolist() == [0.25, 0.5, 1]
    assert curve["risk"].tolist() == [0, 0, 0.25]
    assert risk_coverage_curve(confidence[:0], correct[:0]).empty


@settings(max_examples=30, deadline=None)
@given(st.lists(st.tuples(st.integers(0, 5), st.booleans()), min_size=1, max_size=40))
def test_the_order_of_rows_does_not_matter(rows: list[tuple[int, bool]]) -> None:
    confidence, correct = np.asarray([fifths / 5 for fifths, _ in rows]), np.asarray([hit for _, hit in rows])
    curve = risk_coverage_curve(confidence, correct)
    assert curve.equals(risk_coverage_curve(confidence[::-1], correct[::-1]))
    assert curve["rows"].iloc[-1] == len(rows)
    assert curve["risk"].iloc[-1] == pytest.approx(1 - correct.mean())


def test_a_long_curve_is_thinned() -> None:
    assert len(risk_coverage_curve(*overconfident_predictions(5_000, 0))) == 200


def test_the_target_lies_within_the_interval() -> None:
    confidence, correct = overconfident_predictions(4_000, 1)
    target_within = test_accuracy_within = 0
    for seed in range(20):
        order = np.random.default_rng(seed).permutation(4_000)
        validation, test = order[:2_000], order[2_000:]
        choice = choose_threshold(confidence[validation], correct[validation], 0.9)
        result = apply_threshold(confidence[test], correct[test], choice.threshold, choice.answered)
        target_within += result.low <= 0.9 <= result.high
        test_accuracy_within += choice.low <= result.accuracy <= choice.high
        assert 0.1 < result.coverage < 0.9
    assert target_within >= 18
    assert test_accuracy_within >= 18


def test_an_accuracy_that_rises_in_steps_is_fitted() -> None:
    rng = np.random.default_rng(0)
    confidence = rng.beta(5, 1, 8_000)
    correct = rng.random(8_000) < np.where(confidence > 0.9, 0.97, np.where(confidence > 0.6, 0.8, 0.5))
    assert choose_threshold(confidence, correct, 0.95).accuracy == pytest.approx(0.95, abs=0.01)


def test_everything_or_nothing_is_answered() -> None:
    confidence = np.asarray([0.6, 0.7, 0.8] * 5)
    everything = choose_threshold(confidence, np.asarray([True] * 15), 0.9)
    assert (everything.threshold, everything.coverage) == (0, 1)
    nothing = choose_threshold(confidence, np.asarray([False] * 15), 0.9)
    assert nothing.answered == 0
    assert nothing.note == "Even the most confident predictions are not correct 90% of the time."
    no_rows = choose_threshold(confidence[:0], np.asarray([], dtype=bool), 0.9)
    assert no_rows.note == "There are no rows to choose on."
    assert math.isnan(no_rows.coverage)


def test_a_threshold_applied_to_other_rows() -> None:
    confidence = np.asarray([0.6, 0.7, 0.8])
    result = apply_threshold(confidence, np.asarray([True, False, True]), 0.7)
    assert (result.low, result.high) == wilson_interval(1, 2)
    assert apply_threshold(confidence, np.asarray([True] * 3), 2.0).note == "No row reaches this confidence."


def test_an_accuracy_out_of_range() -> None:
    with pytest.raises(ConfigError, match="between 0 and 1, found 95"):
        choose_threshold(np.asarray([0.6]), np.asarray([True]), 95)
