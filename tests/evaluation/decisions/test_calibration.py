"""Calibration: bins by hand, temperatures that are known, and the error that chance alone gives."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from core.evaluation.decisions.calibration import (
    calibration_curve,
    calibration_error,
    confidence_and_correct,
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
    # Half of the rows are off by 0.1; the variance of a share of 10 in 20 is 0.25 / 19, and that of 18 in 20 0.09 / 19.
    value, interval = calibration_error(confidence, correct)
    assert value == pytest.approx(np.sqrt(max(0.0, (0.1**2 - 0.25 / 19 - 0.09 / 19) / 2)))
    assert interval.low <= value <= interval.high
    many, _ = calibration_error(np.tile(confidence, 100), np.tile(correct, 100), bins=2)
    assert many == pytest.approx(0.1 / np.sqrt(2), rel=0.02)


@settings(max_examples=30, deadline=None)
@given(st.lists(st.tuples(st.integers(0, 10), st.booleans()), min_size=1, max_size=60))
def test_every_prediction_is_in_one_bin(rows: list[tuple[int, bool]]) -> None:
    confidence, correct = np.asarray([tenths / 10 for tenths, _ in rows]), np.asarray([hit for _, hit in rows])
    bins = calibration_curve(confidence, correct)
    assert bins["rows"].sum() == len(rows)
    assert (bins["low"].to_numpy()[1:] > bins["high"].to_numpy()[:-1]).all()
    value, _ = calibration_error(confidence, correct)
    assert value <= np.sqrt((bins["rows"] * (bins["confidence"] - bins["share"]) ** 2).sum() / len(rows)) + 1e-6


@pytest.mark.parametrize("task", [THREE_CLASSES, MULTILABEL])
def test_temperature_scaling_recovers_the_temperature_and_calibrates(task: Task) -> None:
    y_true, logits = overconfident_model(task, 4_000, 3.0)
    temperature = fit_temperature(task, y_true, logits)
    assert temperature == pytest.approx(3.0, rel=0.1)
    before, _ = calibration_error(*confidence_and_correct(task, y_true, logits))
    confidence, correct = confidence_and_correct(task, y_true, logits, temperature)
    after, _ = calibration_error(confidence, correct)
    assert after < before / 3
    assert after < 0.02
    scaled_loss = negative_log_likelihood(task, y_true, logits / temperature)
    assert scaled_loss < negative_log_likelihood(task, y_true, logits)


def test_a_calibrated_model_has_no_calibration_error() -> None:
    rng = np.random.default_rng(0)
    errors, inside, points = [], 0, 0
    for _ in range(8):
        confidence = 0.5 + rng.beta(2, 1, 300) / 2
        correct = rng.random(300) < confidence
        error, interval = calibration_error(confidence, correct)
        assert interval.low == 0
        errors.append(error)
        bins = calibration_curve(confidence, correct)
        inside += bins["share"].between(bins["chance_low"], bins["chance_high"]).sum()
        points += len(bins)
    assert np.median(errors) < 0.02
    assert inside / points > 0.9


def test_predictions_without_mistakes() -> None:
    logits = np.eye(3, dtype=np.float32) * 5
    assert 0.05 <= fit_temperature(THREE_CLASSES, np.arange(3), logits) < 1


def test_no_rows_and_one_row() -> None:
    no_targets, no_logits = np.asarray([], dtype=int), np.zeros((0, 3), dtype=np.float32)
    assert fit_temperature(THREE_CLASSES, no_targets, no_logits) == 1
    confidence, correct = confidence_and_correct(THREE_CLASSES, no_targets, no_logits)
    assert np.isnan(calibration_error(confidence, correct)[0])
    assert calibration_curve(confidence, correct).empty
    assert np.isnan(calibration_error(np.asarray([0.9]), np.asarray([True]))[1].low)


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
