"""What a model's outputs are taken to mean: temperature, thresholds, from when on it answers. ``decision.json`` beside a model.

All of it is chosen on validation rows. The temperature and the width of a number's interval come with the training; thresholds
and ``abstain_below`` are kept by whoever chose them on Evaluate. It holds wherever the model predicts.
"""

import json
import math
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from core.errors import ModelError
from core.evaluation.decisions import abstention, calibration, thresholds
from core.evaluation.statistics.counts import Targets, Values
from core.task import Floats, Task
from core.workspace import read_json, write_json

FILE = "decision.json"
LEVEL = 0.9


@dataclass(frozen=True)
class DecisionRule:
    """How outputs become answers.

    ``thresholds`` are those of the labels (binary: one, of the second class), none for 0.5; they and ``abstain_below`` are
    compared with probabilities after the temperature. ``interval_half_width`` goes either way from a predicted number and
    holds the true one in ``level`` of the cases; None where it is not known.
    """

    temperature: float = 1.0
    thresholds: tuple[float, ...] = ()
    abstain_below: float = 0.0
    interval_half_width: float | None = None
    level: float = LEVEL

    def scaled(self, task: Task, logits: Floats) -> Floats:
        """The outputs (n, k) whose probabilities mean what they say; numbers as they are."""
        if task.kind == "regression" or self.temperature == 1.0:
            return logits
        return np.asarray(logits / self.temperature, dtype=np.float32)

    @property
    def limits(self) -> Values | None:
        """The thresholds as :mod:`core.evaluation.decisions.thresholds` takes them."""
        return np.asarray(self.thresholds) if self.thresholds else None

    def decide(self, task: Task, logits: Floats) -> Targets:
        """The answers in the form of the targets."""
        return thresholds.decide(task, self.scaled(task, logits), self.limits)

    def probabilities(self, task: Task, logits: Floats) -> Floats:
        """Calibrated probabilities (n, k); numbers as they are."""
        return task.probabilities(self.scaled(task, logits))

    def confidence(self, task: Task, logits: Floats) -> Values:
        """The probability of each answer, (n,): see :func:`core.evaluation.decisions.thresholds.confidence`."""
        return thresholds.confidence(task, self.scaled(task, logits), self.decide(task, logits))

    def sure(self, task: Task, logits: Floats) -> npt.NDArray[np.bool_]:
        """Whether each answer is given at all, (n,); a number always is."""
        if task.kind == "regression":
            return np.ones(len(logits), dtype=bool)
        return np.asarray(self.confidence(task, logits) >= self.abstain_below)


def fit(task: Task, targets: Targets, logits: Floats) -> DecisionRule:
    """The temperature, or the width of a number's interval, that validation rows ask for."""
    if task.kind == "regression":
        width = abstention.conformal_half_width(np.abs(logits[:, 0].astype(np.float64) - targets), LEVEL)
        return DecisionRule(interval_half_width=width if math.isfinite(width) else None)
    return DecisionRule(temperature=calibration.fit_temperature(task, targets, logits))


def load(folder: Path) -> DecisionRule:
    """The decision kept in a model's folder; one that changes nothing where there is none.

    Raises:
        ModelError: the file is damaged.
    """
    path = folder / FILE
    if not path.exists():
        return DecisionRule()
    try:
        record: dict[str, Any] = read_json(path)
        return DecisionRule(**record | {"thresholds": tuple(record["thresholds"])})
    except (TypeError, KeyError, json.JSONDecodeError) as error:
        raise ModelError(f"{FILE} of {folder.parent.name} is damaged.", "Delete the file, or train again.") from error


def save(decision: DecisionRule, folder: Path) -> None:
    """Keep a decision in a model's folder, in one step."""
    write_json(folder / FILE, asdict(decision))
