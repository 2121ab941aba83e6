"""Tasks and helpers that the tests of evaluation share."""

from collections.abc import Sequence

import numpy as np

from core.evaluation.metrics.estimate import MetricEstimate
from core.task import Floats, Task

BINARY = Task("binary", ("no", "yes"))
THREE_CLASSES = Task("multiclass", ("a", "b", "c"))
SIX_CLASSES = Task("multiclass", tuple("abcdef"))
MULTILABEL = Task("multilabel", ("p", "q"))
REGRESSION = Task("regression", ())


def by_name(estimates: Sequence[MetricEstimate]) -> dict[str, MetricEstimate]:
    return {estimate.name: estimate for estimate in estimates}


def logits_for(predicted: Sequence[int] | np.ndarray, outputs: int) -> Floats:
    """Logits of a model that predicts these classes."""
    return np.eye(outputs, dtype=np.float32)[list(predicted)] * 3
