"""Each class or label against the others: which rows carry it, and how probable it is held to be."""

import numpy as np
import numpy.typing as npt
from scipy.special import log_softmax

from core.evaluation.decisions.thresholds import probabilities
from core.evaluation.statistics.counts import Targets, Values
from core.task import Floats, Task

Flags = npt.NDArray[np.bool_]


def label_indicators(task: Task, targets: Targets) -> Flags:
    """Whether a row carries each label, (n, k); targets or answers as :meth:`Task.encode` gives them."""
    return np.asarray(targets > 0.5 if task.kind == "multilabel" else targets[:, None] == np.arange(task.outputs))


def label_probabilities(task: Task, logits: Floats) -> Values:
    """Probabilities in float64, (n, k)."""
    if task.kind == "multiclass":
        return np.asarray(np.exp(log_softmax(logits.astype(np.float64), axis=1)))
    scores = probabilities(task, logits)
    return np.hstack([1 - scores, scores]) if task.kind == "binary" else scores


def with_curves(task: Task, targets: Targets, logits: Floats) -> tuple[tuple[str, ...], Flags, Values]:
    """Labels, which rows carry them and their probabilities; of two classes the second alone, since the first mirrors it."""
    first = 1 if task.kind == "binary" else 0
    return task.labels[first:], label_indicators(task, targets)[:, first:], label_probabilities(task, logits)[:, first:]
