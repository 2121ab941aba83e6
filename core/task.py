"""A task: its kind, its label names, and how labels become the numbers that a loss needs."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any, Literal, get_args

import numpy as np
import numpy.typing as npt

from core.errors import DataError

TaskKind = Literal["binary", "multiclass", "multilabel", "regression"]
ProblemType = Literal["single_label_classification", "multi_label_classification", "regression"]
Label = str | list[str] | float
Floats = npt.NDArray[np.float32]

TITLES: dict[TaskKind, str] = {
    "binary": "Two classes",
    "multiclass": "One of several classes",
    "multilabel": "Any number of labels",
    "regression": "A number",
}
_PROBLEM_TYPES: dict[TaskKind, ProblemType] = {
    "binary": "single_label_classification",
    "multiclass": "single_label_classification",
    "multilabel": "multi_label_classification",
    "regression": "regression",
}


@dataclass(frozen=True)
class Task:
    """A kind of task and its label names, in the order of the model's outputs (empty for regression)."""

    kind: TaskKind
    labels: tuple[str, ...]

    def __post_init__(self) -> None:
        if self.kind not in get_args(TaskKind):
            raise DataError(
                f"Expected one of {', '.join(get_args(TaskKind))} as the kind of task, found {self.kind!r}."
            )
        if self.kind == "regression":
            if self.labels:
                raise DataError(f"A regression task has no label names, found {len(self.labels)}.")
        elif len(self.labels) < 2 and self.kind != "multilabel":
            raise DataError(
                f"A classifier needs at least two classes, found {len(self.labels)}: {', '.join(self.labels) or 'none'}.",
                "Choose another label column, or add texts of a second class.",
            )
        elif not self.labels:
            raise DataError("No row carries a label.", "Choose another label column.")
        if len(set(self.labels)) < len(self.labels):
            raise DataError("Label names must differ from one another.")

    @property
    def outputs(self) -> int:
        """The number of the model's outputs for a text."""
        return 1 if self.kind == "regression" else len(self.labels)

    @property
    def problem_type(self) -> ProblemType:
        """The name that transformers gives the loss: cross-entropy, BCE with logits or MSE."""
        return _PROBLEM_TYPES[self.kind]

    @property
    def one_label(self) -> bool:
        """Whether a text has exactly one of the labels."""
        return self.kind in ("binary", "multiclass")

    def encode(self, labels: Sequence[Label]) -> npt.NDArray[Any]:
        """Targets of labels: int64 (n,) for one label, float32 (n, k) of 0/1 for multi-label, float32 (n,) for regression.

        Raises:
            DataError: a label is not among the task's names.
        """
        if self.kind == "regression":
            return np.asarray(labels, dtype=np.float32)
        index = {name: i for i, name in enumerate(self.labels)}
        try:
            if self.kind == "multilabel":
                targets = np.zeros((len(labels), len(self.labels)), dtype=np.float32)
                for row, names in enumerate(labels):
                    assert isinstance(names, Iterable)
                    targets[row, [index[str(name)] for name in names]] = 1.0
                return targets
            return np.asarray([index[str(label)] for label in labels], dtype=np.int64)
        except KeyError as error:
            raise DataError(
                f"The label {error.args[0]!r} is not one of the model's {len(self.labels)} labels.",
                f"The labels are: {', '.join(self.labels[:10])}{' …' if len(self.labels) > 10 else ''}.",
            ) from error

    def decode(self, targets: npt.NDArray[Any]) -> list[Label]:
        """Labels of targets: the inverse of :meth:`encode`."""
        if self.kind == "regression":
            return [float(value) for value in targets]
        if self.kind == "multilabel":
            return [[self.labels[i] for i in np.flatnonzero(row)] for row in targets]
        return [self.labels[int(i)] for i in targets]
