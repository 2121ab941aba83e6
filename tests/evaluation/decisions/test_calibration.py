"""Calibration: worked bins, known temperatures, and that chance alone gives about the error it should."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from core.evaluation.decisions.calibration import answers, ece, expected_ece, fit_temperature, loss, reliability
from core.task import Task

TASK = Task("multiclass", ("a", "b", "c"))
LABELS = Task("multilabel", ("p", "q"))


def drawn(rows: int, kind: Task, temperature: float = 1.0) -> tuple[np.ndarray, np.ndarray]:
    """Targets that are as probable as the logits say, and the logits of a model that is too sure of itself."""
    rng = np.random.default_rng(0)
    logits = rng.normal(0, 2, (rows, kind.outputs)).astype(np.float32)
    probabilities = kind.probabilities(logits)
    if kind.kind == "multilabel":
        targets = (rng.random(probabilities.shape) < probabilities).astype(np.float32)
    else:
        targets = (rng.random((rows, 1)) > probabilities.cumsum(axis=1)[:, :-1]).sum(axis=1)
    return targets, logits * temperature


def test_bins_by_hand() -> None:
    confidence = np.repeat([0.6, 0.9], 20)
    right = np.concatenate([np.arange(20) < 10, np.arange(20) < 18])
    table = reliability(confidence, right)
    assert table["rows"].tolist() == [20, 20]
    assert table["share"].tolist() == pytest.approx([0.5, 0.9])
    value, interval = ece(confidence, right)
    assert value == pytest.approx((0.1 + 0) / 2)
    assert interval.low <= value <= interval.high


@settings(max_examples=30, deadline=None)
@given(st.lists(st.tuples(st.integers(0, 10), st.booleans()), min_size=1, max_size=60))
def test_bins_hold_every_answer_once(rows: list[tuple[int, bool]]) -> None:
    confidence, right = np.asarray([c / 10 for c, _ in rows]), np.asarray([r for _, r in rows])
    table = reliability(confidence, right)
    assert table["rows"].sum() == len(rows)
    assert (table["low"].to_numpy()[1:] > table["high"].to_numpy()[:-1]).all()
    value, _ = ece(confidence, right)
    assert value == pytest.approx((table["rows"] * (table["confidence"] - table["share"]).abs()).sum() / len(rows))


@pytest.mark.parametrize("task", [TASK, LABELS])
def test_the_temperature_is_found_and_calibrates(task: Task) -> None:
    targets, logits = drawn(4_000, task, 3.0)
    temperature = fit_temperature(task, targets, logits)
    assert temperature == pytest.approx(3.0, rel=0.1)
    before, after = (ece(*answers(task, targets, logits, t))[0] for t in (1.0, temperature))
    assert after < before / 3
    confidence, right = answers(task, targets, logits, temperature)
    assert after < 2 * expected_ece(confidence)
    assert loss(task, targets, logits / temperature) < loss(task, targets, logits)
    assert right.shape == confidence.shape


def test_the_error_that_chance_gives() -> None:
    confidence = np.full(100, 0.8)
    # One bin: the mean distance of a share of 100 from 0.8 is sqrt(2 / pi) times its standard deviation, 0.04.
    assert expected_ece(confidence) == pytest.approx(0.04 * np.sqrt(2 / np.pi), rel=0.15)


def test_a_set_without_mistakes_and_one_without_rows() -> None:
    logits = np.eye(3, dtype=np.float32) * 5
    assert 0.05 <= fit_temperature(TASK, np.arange(3), logits) < 1
    nothing = np.zeros((0, 3), dtype=np.float32)
    assert fit_temperature(TASK, np.asarray([], dtype=int), nothing) == 1
    confidence, right = answers(TASK, np.asarray([], dtype=int), nothing)
    assert np.isnan(ece(confidence, right)[0])
    assert np.isnan(expected_ece(confidence))
    assert reliability(confidence, right).empty
    assert np.isnan(ece(np.asarray([0.9]), np.asarray([True]))[1].low)


def test_a_number_has_no_probability() -> None:
    for call in (answers, fit_temperature):
        with pytest.raises(ValueError, match="no probability"):
            call(Task("regression", ()), np.zeros(1), np.zeros((1, 1), dtype=np.float32))


@settings(max_examples=30, deadline=None)
@given(st.lists(st.tuples(st.integers(0, 2), *[st.integers(-4, 4)] * 3), min_size=1, max_size=20))
def test_a_temperature_never_makes_it_worse_nor_changes_an_answer(rows: list[tuple[int, ...]]) -> None:
    table = np.asarray(rows)
    targets, logits = table[:, 0], table[:, 1:].astype(np.float32)
    temperature = fit_temperature(TASK, targets, logits)
    assert loss(TASK, targets, logits.astype(float) / temperature) <= loss(TASK, targets, logits.astype(float)) + 1e-9
    assert 0.05 <= temperature <= 20
