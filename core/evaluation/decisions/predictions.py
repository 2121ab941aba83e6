"""Predictions: what a model says about texts, made once from its logits and a decision rule."""

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd
from scipy.special import expit, softmax

from core.errors import ConfigError
from core.task import Floats, Label, Task

# Tables have a column per label up to this number of labels.
MAX_LABEL_COLUMNS = 50


@dataclass(frozen=True)
class Predictions:
    """Predictions for n texts.

    ``probabilities`` is (n, k), one for each class or label; for regression (n, 1), the predicted values. ``predicted`` has
    the form of :meth:`Task.encode`. ``confidence`` (n,) is the probability of the predicted class, or of the least certain label;
    NaN for regression. ``abstained`` (n,) marks predictions below the confidence the decision rule asks for. ``interval`` is
    (n, 2), the lower and upper end around a predicted value; None where it is unknown.
    """

    task: Task
    probabilities: npt.NDArray[np.float64]
    predicted: npt.NDArray[Any]
    confidence: npt.NDArray[np.float64]
    abstained: npt.NDArray[np.bool_]
    interval: npt.NDArray[np.float64] | None = None
    can_abstain: bool = False

    def __len__(self) -> int:
        return len(self.predicted)

    @property
    def labels(self) -> list[Label]:
        """The predicted labels: a name, a list of names, or a number for each text."""
        return self.task.decode(self.predicted)

    def to_records(self) -> list[dict[str, Any]]:
        """A JSON object for each text: label, confidence (None for regression) and probabilities by label, largest first.

        Also ``sure`` (bool) where the decision rule abstains, and ``low`` and ``high`` where a predicted value has an interval.
        """
        records: list[dict[str, Any]] = []
        for row, label in enumerate(self.labels):
            record: dict[str, Any] = {"label": label, "confidence": None, "probabilities": {}}
            if self.task.kind != "regression":
                record["confidence"] = round(float(self.confidence[row]), 6)
                record["probabilities"] = self.named_probabilities(row)
            if self.can_abstain:
                record["sure"] = not bool(self.abstained[row])
            if self.interval is not None:
                low, high = self.interval[row]
                record |= {"low": round(float(low), 6), "high": round(float(high), 6)}
            records.append(record)
        return records

    def named_probabilities(self, row: int) -> dict[str, float]:
        """The probabilities of one text by label, largest first; empty for regression."""
        if self.task.kind == "regression":
            return {}
        probabilities = self.probabilities[row]
        order = np.argsort(-probabilities, kind="stable")
        return {self.task.labels[i]: round(float(probabilities[i]), 6) for i in order}

    def to_frame(self) -> pd.DataFrame:
        """A row for each text: label, confidence and, up to ``MAX_LABEL_COLUMNS`` labels, ``p(label)``; or score alone.

        Also the column sure ("yes" or "not sure") where the decision rule abstains, and low and high around a score.
        """
        if self.task.kind == "regression":
            frame = pd.DataFrame({"score": self.predicted})
            if self.interval is not None:
                frame["low"], frame["high"] = self.interval[:, 0], self.interval[:, 1]
            return frame
        names = ["|".join(label) if isinstance(label, list) else str(label) for label in self.labels]
        frame = pd.DataFrame({"label": names, "confidence": self.confidence.round(4)})
        if self.can_abstain:
            frame["sure"] = np.where(self.abstained, "not sure", "yes")
        if self.task.outputs <= MAX_LABEL_COLUMNS:
            columns = [f"p({name})" for name in self.task.labels]
            frame = pd.concat([frame, pd.DataFrame(self.probabilities.round(4), columns=columns)], axis=1)
        return frame


def make_predictions(
    task: Task,
    logits: Floats,
    thresholds: tuple[float, ...] = (),
    abstain_below: float = 0.0,
    interval_half_width: float | None = None,
) -> Predictions:
    """Predictions from logits (n, outputs).

    Args:
        task: what was learned.
        logits: the model's outputs.
        thresholds: probabilities above which labels are predicted (binary: one, of the second class); 0.5 if empty.
        abstain_below: the confidence below which a prediction is marked as not sure; 0 to predict always.
        interval_half_width: half the width of the interval around a predicted value.

    Raises:
        ConfigError: the number of thresholds is not that of the labels.
    """
    exact = logits.astype(np.float64)
    if task.kind == "regression":
        values = exact[:, 0]
        interval = None
        if interval_half_width is not None:
            interval = np.stack([values - interval_half_width, values + interval_half_width], axis=1)
        nothing = np.full(len(values), np.nan)
        return Predictions(task, exact, logits[:, 0], nothing, np.zeros(len(values), dtype=bool), interval)
    if task.kind == "multilabel":
        probabilities = np.asarray(expit(exact))
        positive = probabilities > _limits(thresholds, task.outputs)
        confidence = np.where(positive, probabilities, 1 - probabilities).min(axis=1, initial=1.0)
        predicted: npt.NDArray[Any] = positive.astype(np.float32)
    else:
        probabilities = np.asarray(softmax(exact, axis=1))
        predicted = probabilities.argmax(axis=1)
        if task.kind == "binary" and thresholds:
            predicted = (probabilities[:, 1] > _limits(thresholds, 1)[0]).astype(np.int64)
        confidence = probabilities[np.arange(len(exact)), predicted]
    return Predictions(task, probabilities, predicted, confidence, confidence < abstain_below, None, abstain_below > 0)


def _limits(thresholds: tuple[float, ...], labels: int) -> npt.NDArray[np.float64]:
    if not thresholds:
        return np.full(labels, 0.5)
    if len(thresholds) not in (1, labels):
        raise ConfigError(
            f"Expected {labels} thresholds, found {len(thresholds)}.", "Give one threshold for each label."
        )
    return np.asarray(thresholds, dtype=np.float64)
