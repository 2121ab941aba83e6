"""What is counted while a pile of texts is predicted: all that an estimate of its shares needs."""

from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np

from core.task import Task
from core.types import FloatArray


@dataclass(frozen=True)
class Moments:
    """The number, the sum and the sum of squares of some values."""

    rows: int = 0
    sum: float = 0.0
    squares: float = 0.0

    @property
    def mean(self) -> float:
        """The mean of the values; 0 without values."""
        return self.sum / self.rows if self.rows else 0.0

    @property
    def variance(self) -> float:
        """The variance of the values, with the divisor n; 0 without values."""
        return max(0.0, self.squares / self.rows - self.mean**2) if self.rows else 0.0

    def __add__(self, other: "Moments") -> "Moments":
        return Moments(self.rows + other.rows, self.sum + other.sum, self.squares + other.squares)


NO_VALUES = Moments()


def moments_of(values: FloatArray) -> Moments:
    """The moments of values, (n,)."""
    exact = np.asarray(values, dtype=np.float64)
    return Moments(len(exact), float(exact.sum()), float((exact**2).sum()))


@dataclass(frozen=True)
class Pile:
    """The predictions for a pile of texts: how many there are, and how many have each label.

    ``confidence`` has the moments of the confidence of the texts with each predicted class, for tasks with one label; empty
    where it was not recorded. ``values`` are the moments of predicted numbers.
    """

    rows: int
    labels: Mapping[str, int]
    confidence: Mapping[str, Moments] = field(default_factory=dict)
    values: Moments = NO_VALUES

    def counts(self, task: Task) -> FloatArray:
        """The number of texts that were predicted to have each label, (k,)."""
        return np.asarray([self.labels.get(name, 0) for name in task.labels], dtype=np.float64)
