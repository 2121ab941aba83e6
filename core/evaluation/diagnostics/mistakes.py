"""Which texts a model gets wrong, most confident first."""

import numpy as np
import pandas as pd

from core.evaluation.decisions.thresholds import Thresholds, confidence, decide
from core.task import Floats, Task

# How far apart the probabilities of a label and of its best rival are on the border.
_NEAR = 0.4
COLUMNS = ("row", "text", "actual", "predicted", "confidence", "right")


def prediction_table(
    task: Task, frame: pd.DataFrame, logits: Floats, thresholds: Thresholds | None = None
) -> pd.DataFrame:
    """Each row with what was predicted: columns row, text, actual, predicted, confidence (0 to 1; NaN for a score), right.

    ``frame`` has the columns row, text and label; ``thresholds`` are thresholds of the labels. The confidence of a multi-label
    answer is that of its least certain label. For a score ``confidence`` is NaN and ``right`` False; the column ``error`` holds
    the absolute error instead.
    """
    decided = decide(task, logits, thresholds)
    predicted = task.decode(decided)
    prediction_table = pd.DataFrame(
        {
            "row": frame["row"].to_numpy(),
            "text": frame["text"].to_numpy(),
            "actual": list(frame["label"]),
            "predicted": predicted,
        }
    )
    prediction_table["confidence"] = confidence(task, logits, decided)
    if task.kind == "regression":
        prediction_table["error"] = (
            prediction_table["predicted"].astype(float) - prediction_table["actual"].astype(float)
        ).abs()
        prediction_table["right"] = False
    else:
        prediction_table["right"] = [actual == answer for actual, answer in zip(frame["label"], predicted, strict=True)]
    return prediction_table


def worst(task: Task, prediction_table: pd.DataFrame, most: int = 50) -> pd.DataFrame:
    """The wrong answers the model was surest of; for a score the largest errors."""
    if task.kind == "regression":
        return prediction_table.nlargest(most, "error")
    return prediction_table[~prediction_table["right"]].nlargest(most, "confidence")


def suspected_label_errors(
    task: Task, prediction_table: pd.DataFrame, most: int = 50, surest: float = 0.8
) -> pd.DataFrame:
    """Rows whose label is likely wrong rather than the answer: the model contradicts it and is ``surest`` sure or more."""
    contradicted: pd.DataFrame = prediction_table[prediction_table["confidence"] >= surest]
    return worst(task, contradicted, most)


def examples(task: Task, prediction_table: pd.DataFrame, logits: Floats, label: str, most: int = 10) -> pd.DataFrame:
    """Rows that carry a label, or were given it: the most typical ones first, then the ones on the border.

    Columns text, actual, predicted, probability (of this label) and kind ("typical" or "borderline").
    """
    which = task.labels.index(label)
    chance = task.probabilities(logits)[:, which]
    many = task.kind == "multilabel"
    carries = np.asarray(
        [label in actual if many else actual == label for actual in prediction_table["actual"]], dtype=bool
    )
    rows = prediction_table[["text", "actual", "predicted"]].assign(probability=chance)
    typical = rows[carries].nlargest(most, "probability").assign(kind="typical")
    # On the border a row is as likely to be of the label as of its best rival.
    rival = np.full(len(chance), 0.5) if many else np.delete(task.probabilities(logits), which, axis=1).max(axis=1)
    near = np.abs(chance - rival)
    order = np.argsort(near, kind="stable")[:most]
    border = rows.iloc[order[near[order] < _NEAR]].assign(kind="borderline")
    found: pd.DataFrame = pd.concat([typical, border], ignore_index=True)
    return found
