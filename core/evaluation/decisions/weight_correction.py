"""Calibration of a model that was trained with class weights: a temperature, and what the weights added to rare classes.

A model trained with weights w predicts probabilities in proportion to w p, so that each logit is too large by log w (Elkan
2001). Bias-corrected temperature scaling (Alexandari et al. 2020) fits an offset for each class. Here one number is fitted: the
share of log w that is taken back. One number needs few rows, also where a class has hardly any.
"""

from dataclasses import dataclass

import numpy as np
from scipy.optimize import minimize
from scipy.special import softmax

from core.evaluation.decisions.calibration import (
    MAX_TEMPERATURE,
    MIN_TEMPERATURE,
    PRIOR_DEVIATION,
    fit_temperature,
    negative_log_likelihood,
)
from core.evaluation.decisions.tuning import expected_macro_f1
from core.task import Floats, Task
from core.types import FloatArray, Targets

# Of the share of the weights that is taken back, around none.
_SHARE_DEVIATION = 0.5
_MAX_SHARE = 1.5
# A likelihood ratio of less is chance in one of twenty cases (Wilks 1938): half the 95% quantile of chi-squared.
_MIN_IMPROVEMENT = 1.92


@dataclass(frozen=True)
class Calibration:
    """Calibrated logits are logits / temperature + offsets; no offsets if empty."""

    temperature: float = 1.0
    offsets: tuple[float, ...] = ()

    def apply(self, logits: Floats) -> Floats:
        """The calibrated logits (n, outputs)."""
        scaled = logits / np.float32(self.temperature)
        return np.asarray(scaled + np.asarray(self.offsets or 0.0, dtype=np.float32), dtype=np.float32)

    def undo(self, logits: Floats) -> Floats:
        """The logits (n, outputs) before calibration."""
        shifted = logits - np.asarray(self.offsets or 0.0, dtype=np.float32)
        return np.asarray(shifted * np.float32(self.temperature), dtype=np.float32)


def fit_calibration(task: Task, y_true: Targets, logits: Floats, weights: FloatArray | None = None) -> Calibration:
    """The calibration of a classifier, fitted on validation rows; nothing is changed for regression or without rows.

    The temperature is that of :func:`~core.evaluation.decisions.calibration.fit_temperature`. Offsets are added only where the
    rows support them: the likelihood improves by more than chance, and the expected F1 (macro) of the predictions does not fall.

    Args:
        task: the task of the model.
        y_true: the targets of the validation rows.
        logits: the model's outputs for them, (n, outputs).
        weights: the weight of each class in the training loss, (outputs,), 0 for a class without training rows; None if all rows
            weighed the same.
    """
    if task.kind == "regression" or len(y_true) == 0:
        return Calibration()
    plain = Calibration(fit_temperature(task, y_true, logits))
    if weights is None or not task.one_label:
        return plain
    shift = np.log(np.where(weights > 0, weights, 1.0))
    if np.ptp(shift[weights > 0]) < 1e-9:
        return plain
    corrected = _fit(task, y_true, logits, shift)
    improvement = len(y_true) * (_loss(task, y_true, logits, plain) - _loss(task, y_true, logits, corrected))
    # The counted F1 of a rare class changes by points with one row; that which the corrected probabilities promise does not.
    probabilities = softmax(corrected.apply(logits).astype(np.float64), axis=1)
    before, after = (
        expected_macro_f1(probabilities, calibration.apply(logits).argmax(axis=1)) for calibration in (plain, corrected)
    )
    return corrected if improvement > _MIN_IMPROVEMENT and after >= before else plain


def _fit(task: Task, y_true: Targets, logits: Floats, shift: FloatArray) -> Calibration:
    """The temperature and the share of the shift (outputs,) with the lowest penalized log loss."""
    exact = logits.astype(np.float64)

    def loss(parameters: FloatArray) -> float:
        log_temperature, share = parameters
        penalty = (log_temperature / PRIOR_DEVIATION) ** 2 / 2 + (share / _SHARE_DEVIATION) ** 2 / 2
        calibrated = exact / np.exp(log_temperature) - share * shift
        return negative_log_likelihood(task, y_true, calibrated) + float(penalty) / len(y_true)

    bounds = [(np.log(MIN_TEMPERATURE), np.log(MAX_TEMPERATURE)), (0.0, _MAX_SHARE)]
    log_temperature, share = minimize(loss, np.zeros(2), method="L-BFGS-B", bounds=bounds).x
    return Calibration(float(np.exp(log_temperature)), tuple(float(-share * part) for part in shift))


def _loss(task: Task, y_true: Targets, logits: Floats, calibration: Calibration) -> float:
    return negative_log_likelihood(task, y_true, calibration.apply(logits).astype(np.float64))
