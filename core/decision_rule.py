"""The decision rule of a model: thresholds, abstention and the interval around a predicted value, in ``decision_rule.json``.

All of it is chosen on validation rows. The interval comes with the training; thresholds and abstention are saved on Evaluate.
The rule applies wherever the model predicts. The calibration is not part of it: training folds it into the model's output layer.
"""

import math
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np

from core.errors import ConfigError
from core.evaluation.decisions.conformal import conformal_half_width
from core.evaluation.decisions.predictions import Predictions, make_predictions
from core.migrations import read_legacy_rule
from core.storage import damaged, parse_record, read_record, write_record
from core.task import Floats, Task
from core.types import Targets

FILE = "decision_rule.json"
DEFAULT_LEVEL = 0.9


@dataclass(frozen=True)
class DecisionRule:
    """How logits become predictions.

    ``thresholds`` are probabilities above which labels are predicted (binary: one, of the second class); empty means 0.5. A
    prediction whose confidence is below ``abstain_below`` is marked as not sure. ``interval_half_width`` on both sides of a
    predicted value covers the true value in a share ``interval_level`` of cases; None where it is unknown.

    Raises:
        ConfigError: a value is out of range.
    """

    thresholds: tuple[float, ...] = ()
    abstain_below: float = 0.0
    interval_half_width: float | None = None
    interval_level: float = DEFAULT_LEVEL

    def __post_init__(self) -> None:
        if not all(0 <= threshold <= 1 for threshold in self.thresholds):
            raise ConfigError(f"Expected thresholds between 0 and 1, found {self.thresholds}.")
        if not 0 <= self.abstain_below <= 1:
            raise ConfigError(f"Expected a confidence between 0 and 1, found {self.abstain_below}.")
        if self.interval_half_width is not None and not 0 <= self.interval_half_width < math.inf:
            raise ConfigError(f"Expected a half width of 0 or more, found {self.interval_half_width}.")
        if not 0 < self.interval_level < 1:
            raise ConfigError(f"Expected a level between 0 and 1, found {self.interval_level}.")

    def apply(self, task: Task, logits: Floats) -> Predictions:
        """Predictions from logits (n, outputs)."""
        return make_predictions(task, logits, self.thresholds, self.abstain_below, self.interval_half_width)


def fit_interval(targets: Targets, logits: Floats) -> DecisionRule:
    """The rule of a regression model: the interval that covers 90% of validation errors (split conformal prediction)."""
    half_width = conformal_half_width(np.abs(logits[:, 0].astype(np.float64) - targets), DEFAULT_LEVEL)
    return DecisionRule(interval_half_width=half_width if math.isfinite(half_width) else None)


def load(model_folder: Path) -> DecisionRule:
    """The decision rule of the model in a folder; the default rule where there is no file.

    Raises:
        StorageError: the file is damaged.
    """
    path = model_folder / FILE
    if path.exists():
        return parse_record(DecisionRule, read_record(path), path)
    try:
        legacy: dict[str, Any] | None = read_legacy_rule(model_folder)
    except (OSError, ValueError) as error:
        raise damaged(path, "it is not valid JSON") from error
    return DecisionRule() if legacy is None else parse_record(DecisionRule, legacy, path)


def save(rule: DecisionRule, model_folder: Path) -> None:
    """Write the decision rule of the model in a folder, atomically."""
    write_record(model_folder / FILE, asdict(rule))
