"""Answering only where sure: curves by hand, thresholds that keep their promise."""

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from core.errors import ConfigError
from core.evaluation.decisions.abstention import (
    answered,
    choose_threshold,
    risk_coverage,
    risk_coverage_auc,
)
from core.evaluation.statistics.intervals import wilson


def pool(rows: int, seed: int) -> tuple[np.ndarray, np.ndarray]:
    """A model that is too sure of itself."""
    rng = np.random.default_rng(seed)
    chance = rng.beta(3, 1, rows)
    return chance**2 / (chance**2 + (1 - chance) ** 2), rng.random(rows) < chance


def test_the_curve_by_hand() -> None:
    confidence, right = np.asarray([0.9, 0.5, 0.7, 0.5]), np.asarray([True, False, True, True])
    curve = risk_coverage(confidence, right)
    assert curve["threshold"].tolist() == [0.9, 0.7, 0.5]
    assert curve["coverage"].tolist() == [0.25, 0.5, 1]
    assert curve["risk"].tolist() == [0, 0, 0.25]
    # The two at 0.5 are half wrong each: risks 0, 0, 0.5 / 3 and 1 / 4.
    assert risk_coverage_auc(confidence, right) == pytest.approx((0.5 / 3 + 0.25) / 4)
    assert math.isnan(risk_coverage_auc(confidence[:0], right[:0]))
    assert risk_coverage(confidence[:0], right[:0]).empty


@settings(max_examples=30, deadline=None)
@given(st.lists(st.tuples(st.integers(0, 5), st.booleans()), min_size=1, max_size=40))
def test_the_order_of_rows_does_not_matter(rows: list[tuple[int, bool]]) -> None:
    confidence, right = np.asarray([c / 5 for c, _ in rows]), np.asarray([r for _, r in rows])
    assert risk_coverage_auc(confidence, right) == pytest.approx(risk_coverage_auc(confidence[::-1], right[::-1]))
    curve = risk_coverage(confidence, right)
    assert curve["rows"].iloc[-1] == len(rows)
    assert curve["risk"].iloc[-1] == pytest.approx(1 - right.mean())


def test_a_long_curve_is_thinned() -> None:
    assert len(risk_coverage(*pool(5_000, 0))) == 200


def test_the_target_is_within_the_stated_interval() -> None:
    confidence, right = pool(4_000, 1)
    kept = within = 0
    for seed in range(20):
        order = np.random.default_rng(seed).permutation(4_000)
        validation, test = order[:2_000], order[2_000:]
        choice = choose_threshold(confidence[validation], right[validation], 0.9)
        found = answered(confidence[test], right[test], choice.threshold, choice.answered)
        kept += found.low <= 0.9 <= found.high
        within += choice.low <= found.accuracy <= choice.high
        assert 0.1 < found.share < 0.9
    assert kept >= 18
    assert within >= 18


def test_confidences_in_steps_are_seen_through() -> None:
    rng = np.random.default_rng(0)
    confidence = rng.beta(5, 1, 8_000)
    right = rng.random(8_000) < np.where(confidence > 0.9, 0.97, np.where(confidence > 0.6, 0.8, 0.5))
    choice = choose_threshold(confidence, right, 0.95)
    assert choice.accuracy == pytest.approx(0.95, abs=0.01)


def test_all_and_nothing() -> None:
    confidence = np.asarray([0.6, 0.7, 0.8])
    everything = choose_threshold(confidence, np.asarray([True] * 3), 0.9)
    assert (everything.threshold, everything.share) == (0, 1)
    nothing = choose_threshold(confidence, np.asarray([False] * 3), 0.9)
    assert nothing.answered == 0
    assert nothing.note == "Even the surest answers are not right 90% of the time."
    assert choose_threshold(confidence[:0], np.asarray([], dtype=bool), 0.9).note == "There are no rows to choose on."
    found = answered(confidence, np.asarray([True, False, True]), 0.7)
    assert (found.low, found.high) == wilson(1, 2)
    assert answered(confidence, np.asarray([True] * 3), 2.0).note == "No row is answered."
    with pytest.raises(ConfigError, match="between 0 and 1"):
        choose_threshold(confidence, np.asarray([True] * 3), 95)
