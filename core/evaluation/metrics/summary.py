"""Targets and logits -> metrics, measured by scikit-learn and scipy. What is undefined is NaN, never 0."""

import math
from typing import Any

import numpy as np
import numpy.typing as npt
from scipy.special import log_softmax
from scipy.stats import spearmanr
from sklearn import metrics as sk

from core.task import Floats, Task

Targets = npt.NDArray[Any]


def summarize(task: Task, targets: Targets, logits: Floats) -> dict[str, float]:
    """The metrics of a task over all rows; targets as :meth:`Task.encode` gives them, logits (n, outputs).

    Macro averages run over the classes that occur among the targets or the predictions.
    """
    return summarize_predictions(task, targets, task.decide(logits))


def log_losses(targets: Targets, logits: Floats) -> npt.NDArray[np.float64]:
    """Minus the natural logarithm of the probability of the right class of each row, (n,).

    Clipped as scikit-learn clips it, so that one certain and wrong answer does not make their mean infinite.
    """
    smallest = math.log(np.finfo(np.float64).eps)
    return np.asarray(
        -np.maximum(log_softmax(logits.astype(np.float64), axis=1)[np.arange(len(targets)), targets], smallest)
    )


def summarize_predictions(task: Task, targets: Targets, decided: Targets) -> dict[str, float]:
    """The metrics of answers that were decided already, in the form of the targets."""
    if len(targets) == 0:
        return {}
    if task.kind == "regression":
        return _regression(targets.astype(np.float64), decided.astype(np.float64))
    if task.kind == "multilabel":
        return _multilabel(targets.astype(int), decided.astype(int))
    occurring = np.unique(targets)
    result = {
        "accuracy": float(sk.accuracy_score(targets, decided)),
        # scikit-learn's balanced_accuracy_score is this, but warns where a class is predicted that does not occur.
        "balanced_accuracy": float(
            sk.recall_score(targets, decided, labels=occurring, average="macro", zero_division=0)
        ),
    }
    return result | _averages(targets, decided, "macro") | _averages(targets, decided, "weighted")


def _averages(targets: Targets, decided: Targets, average: str) -> dict[str, float]:
    precision, recall, f1, _ = sk.precision_recall_fscore_support(targets, decided, average=average, zero_division=0)
    return {f"precision_{average}": float(precision), f"recall_{average}": float(recall), f"f1_{average}": float(f1)}


def _multilabel(targets: Targets, decided: Targets) -> dict[str, float]:
    f1 = {
        average: float(sk.f1_score(targets, decided, average=average, zero_division=0))
        for average in ("micro", "macro")
    }
    # A text without labels for which none is predicted is right: 1, not 0.
    f1["samples"] = float(sk.f1_score(targets, decided, average="samples", zero_division=1))
    return {f"f1_{average}": value for average, value in f1.items()} | {
        "subset_accuracy": float(sk.accuracy_score(targets, decided)),
        "hamming_loss": float(sk.hamming_loss(targets, decided)),
    }


def _regression(targets: Targets, decided: Targets) -> dict[str, float]:
    varied = len(targets) > 1 and np.ptp(targets) > 0
    return {
        "mae": float(sk.mean_absolute_error(targets, decided)),
        "rmse": float(sk.root_mean_squared_error(targets, decided)),
        "r2": float(sk.r2_score(targets, decided)) if varied else math.nan,
        "spearman": float(spearmanr(targets, decided).statistic) if varied and np.ptp(decided) > 0 else math.nan,
    }
