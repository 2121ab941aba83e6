"""Calibration: bins by hand, temperatures that are known, and the error that chance alone gives."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from core.evaluation.decisions.calibration import (
    calibration_curve,
    confidence_and_correct,
    ece,
    ece_by_chance,
    fit_temperature,
    negative_log_likelihood,
)
from core.evaluation.decisions.predictions import make_predictions
from core.task import Task
from tests.evaluation.cases import MULTILABEL, REGRESSION, THREE_CLASSES


def overconfident_model(task: Task, rows: int, temperature: float) -> tuple[np.ndarray, np.ndarray]:
    """Targets drawn from the probabilities of some logits, and these logits times the temperature."""
    rng = np.random.default_rng(0)
    logits = rng.normal(0, 2, (rows, task.outputs)).astype(np.float32)
    probabilities = make_predictions(task, logits).probabilities
    if task.kind == "multilabel":
        targets = (rng.random(probabilities.shape) < probabilities).astype(np.float32)
    else:
        targets = (rng.random((rows, 1)) > probabilities.cumsum(axis=1)[:, :-1]).sum(axis=1)
    return targets, logits * temperature


def test_bins_by_hand() -> None:
    confidence = np.repeat([0.6, 0.9], 20)
    correct = np.concatenate([np.arange(20) < 10, np.arange(20) < 18])
    bins = calibration_curve(confidence, correct)
    assert bins["rows"].tolist() == [20, 20]
    assert bins["share"].tolist() == pytest.approx([0.5, 0.9])
    value, interval = ece(confidence, correct)
    assert value == pytest.approx((0.1 + 0) / 2)
    assert interval.low <= value <= interval.high


@settings(max_examples=30, deadline=None)
@given(st.lists(st.tuples(st.integers(0, 10), st.booleans()), min_size=1, max_size=60))
def test_every_prediction_is_in_one_bin(rows: list[tuple[int, bool]]) -> None:
    confidence, correct = np.asarray([tenths / 10 for tenths, _ in rows]), np.asarray([hit for _, hit in rows])
    bins = calibration_curve(confidence, correct)
    assert bins["rows"].sum() == len(rows)
    assert (bins["low"].to_numpy()[1:] > bins["high"].to_numpy()[:-1]).all()
    value, _ = ece(confidence, correct)
    assert value == pytest.approx((bins["rows"] * (bins["confidence"] - bins["share"]).abs()).sum() / len(rows))


@pytest.mark.parametrize("task", [THREE_CLASSES, MULTILABEL])
def test_temperature_scaling_recovers_the_temperature_and_calibrates(task: Task) -> None:
    y_true, logits = overconfident_model(task, 4_000, 3.0)
    temperature = fit_temperature(task, y_true, logits)
    assert temperature == pytest.approx(3.0, rel=0.1)
    before, _ = ece(*confidence_and_correct(task, y_true, logits))
    confidence, correct = confidence_and_correct(task, y_true, logits, temperature)
    after, _ = ece(confidence, correct)
    assert after < before / 3
    assert after < 2 * ece_by_chance(confidence)
    scaled_loss = negative_log_likelihood(task, y_true, logits / temperature)
    assert scaled_loss < negative_log_likelihood(task, y_true, logits)


def test_the_error_by_chance() -> None:
    # One bin: the mean distance of a share of 100 from 0.8 is sqrt(2 / pi) times its standard deviation, 0.04.
    assert ece_by_chance(np.full(100, 0.8)) == pytest.approx(0.04 * np.sqrt(2 / np.pi), rel=0.15)


def test_predictions_without_mistakes() -> None:
    logits = np.eye(3, dtype=np.float32) * 5
    assert 0.05 <= fit_temperature(THREE_CLASSES, np.arange(3), logits) < 1


def test_no_rows_and_one_row() -> None:
    no_targets, no_logits = np.asarray([], dtype=int), np.zeros((0, 3), dtype=np.float32)
    assert fit_temperature(THREE_CLASSES, no_targets, no_logits) == 1
    confidence, correct = confidence_and_correct(THREE_CLASSES, no_targets, no_logits)
    assert np.isnan(ece(confidence, correct)[0])
    assert np.isnan(ece_by_chance(confidence))
    assert calibration_curve(confidence, correct).empty
    assert np.isnan(ece(np.asarray([0.9]), np.asarray([True]))[1].low)


def test_a_predicted_number_has_no_probability() -> None:
    for function in (confidence_and_correct, fit_temperature):
        with pytest.raises(ValueError, match="no probability"):
            function(REGRESSION, np.zeros(1), np.zeros((1, 1), dtype=np.float32))


@settings(max_examples=30, deadline=None)
@given(st.lists(st.tuples(st.integers(0, 2), *[st.integers(-4, 4)] * 3), min_size=1, max_size=20))
def test_a_fitted_temperature_never_increases_the_loss(rows: list[tuple[int, ...]]) -> None:
    table = np.asarray(rows)
    y_true, logits = table[:, 0], table[:, 1:].astype(np.float32)
    temperature = fit_temperature(THREE_CLASSES, y_true, logits)
    scaled_loss = negative_log_likelihood(THREE_CLASSES, y_true, logits.astype(float) / temperature)
    assert scaled_loss <= negative_log_likelihood(THREE_CLASSES, y_true, logits.astype(float)) + 1e-9
    assert 0.05 <= temperature <= 20
