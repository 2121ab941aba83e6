"""Gaussian classes with a known share in a pile, and a model that knows the shares of the labeled rows."""

from dataclasses import dataclass

import numpy as np
from scipy.special import softmax

from core.evaluation.prevalence.estimate import LabeledRows
from core.evaluation.prevalence.pile import Pile, moments_of
from core.task import Task
from core.types import FloatArray, IndexArray


@dataclass(frozen=True)
class Draw:
    """Actual and predicted classes (n,) and confidences (n,)."""

    actual: IndexArray
    predicted: IndexArray
    confidence: FloatArray

    def labeled(self) -> LabeledRows:
        return LabeledRows(self.actual, self.predicted, self.confidence)

    def pile(self, task: Task) -> Pile:
        names = dict(enumerate(task.labels))
        return Pile(
            len(self.actual),
            {name: int((self.predicted == k).sum()) for k, name in names.items()},
            {name: moments_of(self.confidence[self.predicted == k]) for k, name in names.items()},
        )


@dataclass(frozen=True)
class Gaussians:
    """Classes ``distance`` apart; a ``scale`` above 1 makes the model overconfident."""

    labeled_shares: tuple[float, ...]
    distance: float = 2.2
    scale: float = 1.0

    @property
    def task(self) -> Task:
        names = tuple(f"c{k}" for k in range(len(self.labeled_shares)))
        return Task("binary" if len(names) == 2 else "multiclass", names)

    def draw(self, rng: np.random.Generator, shares: tuple[float, ...], rows: int) -> Draw:
        means = np.eye(len(shares)) * self.distance
        actual = rng.choice(len(shares), rows, p=shares)
        x = means[actual] + rng.normal(size=(rows, len(shares)))
        logits = x @ means.T - (means**2).sum(axis=1) / 2 + np.log(self.labeled_shares)
        probabilities = softmax(self.scale * logits, axis=1)
        return Draw(actual, probabilities.argmax(axis=1), probabilities.max(axis=1))
