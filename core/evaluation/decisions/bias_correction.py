"""Bias-corrected temperature scaling: calibrated probabilities also where class weights have shifted them."""

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
from scipy.optimize import minimize
from scipy.special import expit, log_softmax, logit, softmax

from core.task import Floats, Task
from core.types import BoolArray, FloatArray, Targets

# Of the temperature of logits whose standard deviation is 1, and of the biases: beyond, probabilities are 0 and 1.
_MAX_LOG_SCALE, _MAX_BIAS = 4.0, 30.0
_ONE_LABEL = Task("multilabel", ("positive",))
_EDGE = 1e-9


@dataclass(frozen=True)
class BiasCorrection:
    """A temperature and a bias (outputs,): the calibrated logits are logits / temperature + bias."""

    temperature: float
    bias: FloatArray

    def apply(self, logits: Floats) -> FloatArray:
        """The calibrated logits (n, outputs)."""
        return np.asarray(logits.astype(np.float64) / self.temperature + self.bias)


def fit_bias_correction(task: Task, y_true: Targets, logits: Floats) -> BiasCorrection:
    """The temperature and the biases with the lowest log loss on validation rows (Alexandari et al. 2020).

    The targets are those of Platt (1999): as if there were one more row, spread evenly over the classes (or half of each label).
    So a class without rows, or rows without a mistake, do not make a prediction certain. Models whose logits differ by a shift
    and a factor get the same calibrated probabilities, which is why two models can be compared after it.

    Raises:
        ValueError: the task is regression.
    """
    if task.kind == "regression":
        raise ValueError("A predicted number has no probability.")
    exact = logits.astype(np.float64)
    if len(y_true) == 0:
        return BiasCorrection(1.0, np.zeros(task.outputs))
    # One scale for all models: the optimizer then takes the same way for logits that differ by a factor.
    scale = float((exact - exact.mean(axis=0)).std()) or 1.0
    targets = _smoothed_targets(task, y_true)

    def loss(parameters: npt.NDArray[Any]) -> tuple[float, npt.NDArray[Any]]:
        divided = exact / scale * np.exp(-parameters[0])
        value, gradient = _loss_and_gradient(task, targets, divided + parameters[1:])
        return value, np.concatenate([[-(gradient * divided).sum()], gradient.sum(axis=0)])

    start = np.zeros(1 + task.outputs)
    bounds = [(-_MAX_LOG_SCALE, _MAX_LOG_SCALE), *[(-_MAX_BIAS, _MAX_BIAS)] * task.outputs]
    optimum = minimize(loss, start, jac=True, method="L-BFGS-B", bounds=bounds, options={"maxiter": 200, "gtol": 1e-7})
    return BiasCorrection(float(np.exp(optimum.x[0]) * scale), optimum.x[1:])


def _smoothed_targets(task: Task, y_true: Targets) -> FloatArray:
    """The targets (n, outputs) as probabilities, with one row's worth of even ones."""
    rows = len(y_true)
    even = 0.5 if task.kind == "multilabel" else 1 / task.outputs
    exact = np.asarray(y_true > 0.5, dtype=np.float64) if task.kind == "multilabel" else np.eye(task.outputs)[y_true]
    return (rows * exact + even) / (rows + 1)


def _loss_and_gradient(task: Task, targets: FloatArray, logits: FloatArray) -> tuple[float, FloatArray]:
    """The mean cross-entropy, and its gradient by each logit (n, outputs)."""
    if task.kind == "multilabel":
        losses = np.logaddexp(0, logits) - targets * logits
        return float(losses.mean()), (expit(logits) - targets) / targets.size
    value = -float((targets * log_softmax(logits, axis=1)).sum()) / len(targets)
    return value, (softmax(logits, axis=1) - targets) / len(targets)


def probability_curve(scores: FloatArray, positive: BoolArray) -> FloatArray:
    """The probability of each row to be positive, (n,), as a rising logistic curve of the log-odds of its score (Platt 1999)."""
    log_odds = logit(np.clip(scores.astype(np.float64), _EDGE, 1 - _EDGE)).astype(np.float32)[:, None]
    correction = fit_bias_correction(_ONE_LABEL, positive[:, None].astype(np.float32), log_odds)
    return np.asarray(expit(correction.apply(log_odds))[:, 0])
