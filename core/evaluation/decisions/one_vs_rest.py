"""Each class or label against the rest, as arrays with a column for each."""

import numpy as np

from core.evaluation.decisions.predictions import make_predictions
from core.task import Floats, Task
from core.types import BoolArray, FloatArray, Targets


def label_indicators(task: Task, targets: Targets) -> BoolArray:
    """Whether each row has each label, (n, k); targets or predictions in the form that :meth:`Task.encode` gives."""
    return np.asarray(targets > 0.5 if task.kind == "multilabel" else targets[:, None] == np.arange(task.outputs))


def ranked_labels(task: Task, y_true: Targets, logits: Floats) -> tuple[tuple[str, ...], BoolArray, FloatArray]:
    """The labels that have a curve, whether each row has them (n, k), and their probabilities (n, k).

    For a binary task this is the second class alone, because the curve of the first one mirrors it.
    """
    first = 1 if task.kind == "binary" else 0
    probabilities = make_predictions(task, logits).probabilities
    return task.labels[first:], label_indicators(task, y_true)[:, first:], probabilities[:, first:]
