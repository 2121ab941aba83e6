"""Which texts a model gets wrong, most confident first."""

import numpy as np
import pandas as pd

from core.task import Task

COLUMNS = ("row", "text", "actual", "predicted", "confidence", "right")


def judge(task: Task, frame: pd.DataFrame, logits: np.ndarray) -> pd.DataFrame:
    """Each row with what was predicted: columns row, text, actual, predicted, confidence (0 to 1; NaN for a score), right.

    ``frame`` has the columns row, text and label. The confidence of a multi-label answer is that of its least certain
    label. For a score ``confidence`` is NaN and ``right`` False; the column ``error`` holds the absolute error instead.
    """
    predicted = task.decode(task.decide(logits))
    judged = pd.DataFrame(
        {
            "row": frame["row"].to_numpy(),
            "text": frame["text"].to_numpy(),
            "actual": list(frame["label"]),
            "predicted": predicted,
        }
    )
    judged["confidence"] = confidence(task, logits)
    if task.kind == "regression":
        judged["error"] = (judged["predicted"].astype(float) - judged["actual"].astype(float)).abs()
        judged["right"] = False
    else:
        judged["right"] = [actual == answer for actual, answer in zip(frame["label"], predicted, strict=True)]
    return judged


def confidence(task: Task, logits: np.ndarray) -> np.ndarray:
    """How sure the model is of its answer, (n,): the probability of the class; of the least certain label; NaN for a score."""
    probabilities = task.probabilities(logits)
    if task.kind == "regression":
        return np.full(len(logits), np.nan)
    if task.kind == "multilabel":
        probabilities = np.maximum(probabilities, 1 - probabilities)
        return np.asarray(probabilities.min(axis=1))
    return np.asarray(probabilities.max(axis=1))


def worst(task: Task, judged: pd.DataFrame, most: int = 50) -> pd.DataFrame:
    """The wrong answers the model was surest of; for a score the largest errors."""
    if task.kind == "regression":
        return judged.nlargest(most, "error")
    return judged[~judged["right"]].nlargest(most, "confidence")
