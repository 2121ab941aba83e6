"""How much a row of each class weighs, so that classes count the same however many rows they have."""

import numpy as np
import numpy.typing as npt

from core.evaluation.statistics.counts import Targets

# Weights beyond this ratio to the mean make a handful of rows shake the whole model.
_MOST_WEIGHT = 10.0


def class_weights(targets: Targets, classes: int, power: float = 1.0) -> npt.NDArray[np.float64]:
    """Weights of the classes (classes,), inverse to their rows, to a power; the mean over the rows is 1.

    As ``class_weight="balanced"`` in scikit-learn (King and Zeng 2001), cut off at ``_MOST_WEIGHT``; 0 for a class without a row.
    """
    counts = np.bincount(targets.astype(int), minlength=classes)
    weights = (len(targets) / (classes * np.maximum(counts, 1))) ** power
    weights = np.where(counts > 0, limited(weights), 0.0)
    return weights * len(targets) / max(1e-12, float(weights @ counts))


def limited(weights: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
    """Weights within a tenth and ten."""
    return weights.clip(1 / _MOST_WEIGHT, _MOST_WEIGHT)
