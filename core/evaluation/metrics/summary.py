"""Metrics without intervals, computed by scikit-learn and scipy. Undefined values are NaN, never 0."""

import math

import numpy as np
from scipy.special import log_expit, log_softmax
from scipy.stats import spearmanr
from sklearn import metrics as sk

from core.evaluation.decisions.predictions import make_predictions
from core.task import Floats, Task
from core.types import FloatArray, Targets


def summarize(task: Task, y_true: Targets, logits: Floats) -> dict[str, float]:
    """The metrics of logits (n, outputs) by name, with default thresholds; empty without rows.

    Macro averages run over the classes that occur among the targets or the predictions.
    """
    return summarize_predictions(task, y_true, make_predictions(task, logits).predicted)


def summarize_predictions(task: Task, y_true: Targets, y_pred: Targets) -> dict[str, float]:
    """The metrics of predictions in the form of the targets, by name; empty without rows."""
    if len(y_true) == 0:
        return {}
    if task.kind == "regression":
        return _regression(y_true.astype(np.float64), y_pred.astype(np.float64))
    if task.kind == "multilabel":
        return _multilabel(y_true.astype(int), y_pred.astype(int))
    # scikit-learn's balanced_accuracy_score is this, but warns about predicted classes that do not occur.
    balanced = sk.recall_score(y_true, y_pred, labels=np.unique(y_true), average="macro", zero_division=0)
    return {
        "accuracy": float(sk.accuracy_score(y_true, y_pred)),
        "balanced_accuracy": float(balanced),
        **_averages(y_true, y_pred, "macro"),
        **_averages(y_true, y_pred, "weighted"),
    }


def log_losses(y_true: Targets, logits: Floats) -> FloatArray:
    """The negative log-probability of the correct class of each row, (n,).

    With several labels (targets (n, k)), their mean. Clipped as in scikit-learn, so that one certain and wrong prediction
    does not make the mean infinite.
    """
    smallest = math.log(np.finfo(np.float64).eps)
    if y_true.ndim == 2:
        log_odds = np.where(y_true > 0.5, logits, -logits).astype(np.float64)
        return np.asarray(-np.maximum(log_expit(log_odds), smallest).mean(axis=1))
    log_probabilities = log_softmax(logits.astype(np.float64), axis=1)
    return np.asarray(-np.maximum(log_probabilities[np.arange(len(y_true)), y_true], smallest))


def _averages(y_true: Targets, y_pred: Targets, average: str) -> dict[str, float]:
    precision, recall, f1, _ = sk.precision_recall_fscore_support(y_true, y_pred, average=average, zero_division=0)
    return {f"precision_{average}": float(precision), f"recall_{average}": float(recall), f"f1_{average}": float(f1)}


def _multilabel(y_true: Targets, y_pred: Targets) -> dict[str, float]:
    # A text without labels for which none is predicted is correct: its F1 is 1, not 0.
    zero_division = {"micro": 0, "samples": 1}
    present = np.flatnonzero((y_true > 0).any(axis=0) | (y_pred > 0).any(axis=0))
    macro = sk.f1_score(y_true, y_pred, labels=present, average="macro", zero_division=0) if len(present) else math.nan
    return {
        f"f1_{average}": float(sk.f1_score(y_true, y_pred, average=average, zero_division=value))
        for average, value in zero_division.items()
    } | {
        "f1_macro": float(macro),
        "subset_accuracy": float(sk.accuracy_score(y_true, y_pred)),
        "hamming_loss": float(sk.hamming_loss(y_true, y_pred)),
    }


def _regression(y_true: Targets, y_pred: Targets) -> dict[str, float]:
    varied = len(y_true) > 1 and np.ptp(y_true) > 0
    return {
        "mae": float(sk.mean_absolute_error(y_true, y_pred)),
        "rmse": float(sk.root_mean_squared_error(y_true, y_pred)),
        "r2": float(sk.r2_score(y_true, y_pred)) if varied else math.nan,
        "spearman": float(spearmanr(y_true, y_pred).statistic) if varied and np.ptp(y_pred) > 0 else math.nan,
    }
