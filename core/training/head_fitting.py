"""Fits a linear head on frozen features with scikit-learn: the instant model, and the start of fine-tuning.

Starting the fine-tuning from a fitted head keeps the encoder's features from being torn apart by a random one
(linear probing then fine-tuning, Kumar et al. 2022).
"""

from collections.abc import Sequence
from typing import Any

import numpy as np
import numpy.typing as npt
from sklearn.linear_model import LogisticRegression, Ridge
from sklearn.metrics import mean_squared_error
from threadpoolctl import threadpool_limits

from core.evaluation.decisions import calibration
from core.models.head import Head
from core.task import Floats, Task
from core.training.class_weights import class_weights

Targets = npt.NDArray[Any]
ClassWeights = npt.NDArray[np.float64]

# Inverse regularisation strengths to choose from on validation, for features of unit variance.
C_VALUES = (0.0003, 0.001, 0.003, 0.01, 0.03, 0.1, 0.3, 1.0)
_MAX_ITERATIONS = 500
# Training rows on which strengths are compared; the chosen one is then fitted to all.
_COMPARED_ROWS = 3_000
# A label that every row has, or none, is predicted with this certainty (log odds).
_CONSTANT_LOG_ODDS = 5.0


def fit_head(
    task: Task,
    train: tuple[Floats, Targets],
    validation: tuple[Floats, Targets],
    seed: int,
) -> Head:
    """Fit a head on the training features with the one of ``C_VALUES`` that has the least :func:`selection_loss` on validation.

    Features are standardised by one common scale, which is folded back into the weights. Classes count the same, however many
    rows they have: with 800 AG News texts, half of them of one class, that raised macro-F1 on 200 like them from 0.82 to 0.84,
    and accuracy on 7,600 of which each class has a quarter from 0.78 to 0.82; on 700 texts with 13 % spam it cost 0.001.
    """
    some, weights = _some_of(task, train, seed), weights_of(task, train[1])

    def doubt(C: float) -> float:
        head = _head(task, some, weights, C, seed)
        return selection_loss(task, validation[1], head.logits(validation[0]), weights)

    return _head(task, train, weights, min(C_VALUES, key=doubt), seed)


def weights_of(task: Task, train_targets: Targets) -> ClassWeights | None:
    """What a row of each class weighs, (outputs,); None where rows have no class. It is 0 for a class that training lacks."""
    return class_weights(train_targets, task.outputs) if task.one_label else None


def selection_loss(task: Task, targets: Targets, logits: Floats, weights: ClassWeights | None) -> float:
    """What models are chosen by on validation: log loss at the best temperature, weighted by class, or squared error.

    A model that is too unsure of itself is mended by a temperature: it is no reason against it.
    """
    if task.kind == "regression":
        return float(mean_squared_error(targets, logits[:, 0]))
    of_rows = None if weights is None else weights[targets]
    if of_rows is not None and not of_rows.any():
        of_rows = None
    temperature = calibration.fit_temperature(task, targets, logits, of_rows)
    return calibration.loss(task, targets, logits / temperature, of_rows)


def _some_of(task: Task, train: tuple[Floats, Targets], seed: int) -> tuple[Floats, Targets]:
    """Rows enough to tell strengths apart, of each class one at least: fitting all of a large set with each takes minutes."""
    features, targets = train
    if len(features) <= _COMPARED_ROWS:
        return train
    order = np.random.default_rng(seed).permutation(len(features))
    if task.one_label:
        firsts = np.unique(targets[order], return_index=True)[1]
        order = np.concatenate([order[firsts], np.delete(order, firsts)])
    chosen = order[:_COMPARED_ROWS]
    return features[chosen], targets[chosen]


def _head(task: Task, train: tuple[Floats, Targets], weights: ClassWeights | None, C: float, seed: int) -> Head:
    features, targets = train
    scale = float(features.std()) or 1.0
    # Products this small are many times slower when BLAS shares them out among threads.
    with threadpool_limits(limits=1, user_api="blas"):
        weight, bias = _fit(task, features / scale, targets, weights, C, seed)
    return Head((weight / scale).astype(np.float32), bias.astype(np.float32), C)


def _fit(
    task: Task, features: Floats, targets: Targets, weights: ClassWeights | None, C: float, seed: int
) -> tuple[npt.NDArray[Any], npt.NDArray[Any]]:
    if task.kind == "regression":
        ridge = Ridge(alpha=1.0 / C).fit(features, targets)
        return ridge.coef_.reshape(1, -1), np.atleast_1d(ridge.intercept_)
    if task.kind == "multilabel":
        columns = [_fit_label(features, targets[:, label], C, seed) for label in range(task.outputs)]
        return np.stack([weight for weight, _ in columns]), np.asarray([bias for _, bias in columns])
    present = np.unique(targets)
    if len(present) == 1:
        return _spread(np.zeros((1, features.shape[1])), [_CONSTANT_LOG_ODDS], present, task)
    model = _logistic(C, seed).fit(features, targets, None if weights is None else weights[targets])
    if len(present) == 2:
        weight, bias = model.coef_[0], model.intercept_[0]
        return _spread([-weight / 2, weight / 2], [-bias / 2, bias / 2], present, task)
    return _spread(model.coef_, model.intercept_, present, task)


def _fit_label(features: Floats, targets: Targets, C: float, seed: int) -> tuple[npt.NDArray[Any], float]:
    """One label of many, which gets a threshold of its own: there is nothing to balance."""
    if len(np.unique(targets)) == 1:
        return np.zeros(features.shape[1]), _CONSTANT_LOG_ODDS if targets[0] else -_CONSTANT_LOG_ODDS
    model = _logistic(C, seed).fit(features, targets)
    return model.coef_[0], float(model.intercept_[0])


def _logistic(C: float, seed: int) -> LogisticRegression:
    return LogisticRegression(C=C, max_iter=_MAX_ITERATIONS, random_state=seed)


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
