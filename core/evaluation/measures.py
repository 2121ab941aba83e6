"""Every measure of a model on some rows, with its 95 % interval, and a sentence why where there is no value.

Point values are scikit-learn's and scipy's; intervals come from :mod:`core.evaluation.intervals`.
"""

import numpy as np

from core.evaluation.class_measures import of_classes
from core.evaluation.counts import Targets
from core.evaluation.figures import Measure
from core.evaluation.label_measures import of_labels
from core.evaluation.number_measures import of_numbers
from core.evaluation.thresholds import Thresholds, decide
from core.task import Floats, Task


def measure(task: Task, targets: Targets, logits: Floats, thresholds: Thresholds | None = None) -> list[Measure]:
    """Every measure of the task, none without rows.

    Args:
        task: its kind says which measures there are.
        targets: as :meth:`Task.encode` gives them.
        logits: (n, outputs).
        thresholds: from which probability on labels are given (binary: the second class); 0.5 without.
    """
    if len(targets) == 0:
        return []
    if task.kind == "regression":
        return of_numbers(targets.astype(np.float64), logits[:, 0].astype(np.float64))
    decided = decide(task, logits, thresholds)
    if task.kind == "multilabel":
        return of_labels(task, targets.astype(int), decided.astype(int), logits)
    return of_classes(task, targets, decided, logits)
