"""What class weights added to rare classes is taken back where validation rows support it."""

import numpy as np
import pytest
from scipy.special import log_softmax

from core.evaluation.decisions.calibration import fit_temperature
from core.evaluation.decisions.weight_correction import Calibration, fit_calibration
from core.task import Floats, Task
from core.types import Targets

SHARES = np.asarray([0.85, 0.1, 0.05])
WEIGHTS = 1 / (3 * SHARES)
TASK = Task("multiclass", ("common", "rare", "rarest"))


def weighted_model(rows: int, power: float, seed: int) -> tuple[Targets, Floats]:
    """Targets, and the logits of true posteriors as class weights to a power shift them."""
    rng = np.random.default_rng(seed)
    y_true = rng.choice(3, rows, p=SHARES)
    features = 2.5 * np.eye(3)[y_true] + rng.normal(size=(rows, 3))
    return y_true, (2.5 * features + np.log(SHARES) + power * np.log(WEIGHTS)).astype(np.float32)


def log_loss(y_true: Targets, logits: Floats) -> float:
    return float(-log_softmax(logits.astype(np.float64), axis=1)[np.arange(len(y_true)), y_true].mean())


def test_the_weights_are_taken_back() -> None:
    y_true, logits = weighted_model(600, 1.0, 1)
    calibration = fit_calibration(TASK, y_true, logits, WEIGHTS)
    offsets = np.asarray(calibration.offsets)
    assert offsets - offsets[0] == pytest.approx(-np.log(WEIGHTS / WEIGHTS[0]), rel=0.35)
    new_targets, new_logits = weighted_model(20_000, 1.0, 2)
    best = log_loss(new_targets, weighted_model(20_000, 0.0, 2)[1])
    temperature_alone = log_loss(new_targets, Calibration(fit_temperature(TASK, y_true, logits)).apply(new_logits))
    corrected = log_loss(new_targets, calibration.apply(new_logits))
    assert corrected - best < 0.25 * (temperature_alone - best)


def test_a_calibrated_model_keeps_its_classes() -> None:
    corrected = [fit_calibration(TASK, *weighted_model(200, 0.0, seed), WEIGHTS).offsets for seed in range(20)]
    assert sum(bool(offsets) for offsets in corrected) <= 2


def test_without_weights_or_rows_only_a_temperature_is_left() -> None:
    y_true, logits = weighted_model(200, 1.0, 3)
    plain = Calibration(fit_temperature(TASK, y_true, logits))
    assert fit_calibration(TASK, y_true, logits) == plain
    assert fit_calibration(TASK, y_true, logits, np.ones(3)) == plain
    assert fit_calibration(TASK, y_true[:0], logits[:0], WEIGHTS) == Calibration()
    assert fit_calibration(Task("regression", ()), np.zeros(3), np.ones((3, 1), dtype=np.float32)) == Calibration()


def test_undoing_a_calibration_gives_the_logits_back() -> None:
    calibration = Calibration(1.7, (0.5, -1.0, 0.0))
    logits = weighted_model(5, 1.0, 4)[1]
    assert calibration.undo(calibration.apply(logits)) == pytest.approx(logits, abs=1e-5)
