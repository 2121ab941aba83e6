"""A linear head fitted on frozen features by scikit-learn: the instant model, and the start of fine-tuning.

Starting the fine-tuning from a fitted head keeps the encoder's features from being torn apart by a random one
(linear probing then fine-tuning, Kumar et al. 2022).
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
from sklearn.linear_model import LogisticRegression, Ridge
from sklearn.metrics import log_loss, mean_squared_error
from threadpoolctl import threadpool_limits

from core.task import Floats, Task

Targets = npt.NDArray[Any]

# Inverse regularisation strengths to choose from on validation, for features of unit variance.
STRENGTHS = (0.003, 0.01, 0.03, 0.1, 0.3, 1.0)
_MAX_ITERATIONS = 500
# A label that every row has, or none, is predicted with this certainty (log odds).
_CONSTANT_LOG_ODDS = 5.0


@dataclass(frozen=True)
class Head:
    """Logits are ``features @ weight.T + bias``; weight (outputs, features), bias (outputs,), both float32."""

    weight: Floats
    bias: Floats
    strength: float

    def logits(self, features: Floats) -> Floats:
        """Outputs (n, outputs) for features (n, features)."""
        return features @ self.weight.T + self.bias


def fit_head(
    task: Task,
    train: tuple[Floats, Targets],
    validation: tuple[Floats, Targets],
    seed: int,
) -> Head:
    """Fit a head on the training features for each of ``STRENGTHS`` and keep the one of least loss on validation.

    Features are standardised by one common scale, which is folded back into the weights.
    """
    scale = float(train[0].std()) or 1.0
    heads = []
    # Products this small are many times slower when BLAS shares them out among threads.
    with threadpool_limits(limits=1, user_api="blas"):
        for strength in STRENGTHS:
            weight, bias = _fit(task, train[0] / scale, train[1], strength, seed)
            heads.append(Head((weight / scale).astype(np.float32), bias.astype(np.float32), strength))
    return min(heads, key=lambda head: _loss(task, head, validation))


def _fit(
    task: Task, features: Floats, targets: Targets, strength: float, seed: int
) -> tuple[npt.NDArray[Any], npt.NDArray[Any]]:
    if task.kind == "regression":
        ridge = Ridge(alpha=1.0 / strength).fit(features, targets)
        return ridge.coef_.reshape(1, -1), np.atleast_1d(ridge.intercept_)
    if task.kind == "multilabel":
        columns = [_fit_two_classes(features, targets[:, label], strength, seed) for label in range(task.outputs)]
        return np.stack([weight for weight, _ in columns]), np.asarray([bias for _, bias in columns])
    present = np.unique(targets)
    if len(present) == 2:
        weight, bias = _fit_two_classes(features, (targets == present[1]).astype(int), strength, seed)
        return _spread([-weight / 2, weight / 2], [-bias / 2, bias / 2], present, task)
    model = LogisticRegression(C=strength, max_iter=_MAX_ITERATIONS, random_state=seed).fit(features, targets)
    return _spread(model.coef_, model.intercept_, present, task)


def _fit_two_classes(features: Floats, targets: Targets, strength: float, seed: int) -> tuple[npt.NDArray[Any], float]:
    if len(np.unique(targets)) == 1:
        return np.zeros(features.shape[1]), _CONSTANT_LOG_ODDS if targets[0] else -_CONSTANT_LOG_ODDS
    model = LogisticRegression(C=strength, max_iter=_MAX_ITERATIONS, random_state=seed).fit(features, targets)
    return model.coef_[0], float(model.intercept_[0])


def _spread(
    weight: Sequence[npt.NDArray[Any]] | npt.NDArray[Any],
    bias: Sequence[float] | npt.NDArray[Any],
    present: Targets,
    task: Task,
) -> tuple[npt.NDArray[Any], npt.NDArray[Any]]:
    """Rows for the classes that occur, at their places among all; a class that never occurs is never predicted."""
    all_weight = np.zeros((task.outputs, np.shape(weight)[1]))
    all_bias = np.full(task.outputs, np.min(bias) - 2 * _CONSTANT_LOG_ODDS)
    all_weight[present], all_bias[present] = weight, bias
    return all_weight, all_bias


def _loss(task: Task, head: Head, validation: tuple[Floats, Targets]) -> float:
    features, targets = validation
    logits = head.logits(features)
    if task.kind == "regression":
        return float(mean_squared_error(targets, logits[:, 0]))
    probabilities = task.probabilities(logits).astype(np.float64)
    if task.kind == "multilabel":
        clipped = probabilities.clip(1e-7, 1 - 1e-7)
        return float(-(targets * np.log(clipped) + (1 - targets) * np.log(1 - clipped)).mean())
    probabilities /= probabilities.sum(axis=1, keepdims=True)
    return float(log_loss(targets, probabilities, labels=list(range(task.outputs))))
