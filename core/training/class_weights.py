"""Class weights, with which every class counts the same regardless of its number of rows."""

import numpy as np
import numpy.typing as npt

from core.types import Targets

# With larger ratios to the mean weight, a handful of rows would dominate the training.
_MAX_WEIGHT = 10.0


def class_weights(targets: Targets, classes: int, power: float = 1.0) -> npt.NDArray[np.float64]:
    """The weights of the classes (classes,): inverse to their rows, to a power; the mean over the rows is 1.

    As ``class_weight="balanced"`` in scikit-learn (King and Zeng 2001), but clipped; 0 for a class without rows.
    """
    counts = np.bincount(targets.astype(int), minlength=classes)
    weights = (len(targets) / (classes * np.maximum(counts, 1))) ** power
    weights = np.where(counts > 0, clip_weights(weights), 0.0)
    return weights * len(targets) / max(1e-12, float(weights @ counts))


def clip_weights(weights: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
    """The weights, clipped to between 0.1 and 10."""
    return weights.clip(1 / _MAX_WEIGHT, _MAX_WEIGHT)
