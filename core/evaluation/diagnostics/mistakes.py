"""Wrong predictions, most confident first, suspected label errors, and example texts of a label."""

import numpy as np
import pandas as pd

from core.evaluation.decisions.predictions import Predictions
from core.task import Task

# How close the probabilities of a label and of its strongest rival are in a borderline text.
_BORDERLINE = 0.4


def prediction_table(frame: pd.DataFrame, predictions: Predictions) -> pd.DataFrame:
    """The rows with their predictions: row, text, actual, predicted, confidence, correct; for regression also error.

    ``frame`` has the columns row, text and label. The confidence of a multi-label prediction is that of its least certain label.
    For regression ``error`` is the absolute error, ``confidence`` is NaN and ``correct`` is False.
    """
    predicted = predictions.labels
    table = pd.DataFrame(
        {
            "row": frame["row"].to_numpy(),
            "text": frame["text"].to_numpy(),
            "actual": list(frame["label"]),
            "predicted": predicted,
            "confidence": predictions.confidence,
        }
    )
    if predictions.task.kind == "regression":
        table["error"] = (table["predicted"].astype(float) - table["actual"].astype(float)).abs()
        return table.assign(correct=False)
    return table.assign(correct=[actual == label for actual, label in zip(frame["label"], predicted, strict=True)])


def most_confident_mistakes(task: Task, table: pd.DataFrame, limit: int = 50) -> pd.DataFrame:
    """The wrong predictions of a :func:`prediction_table`, most confident first; for regression the largest errors."""
    if task.kind == "regression":
        return table.nlargest(limit, "error")
    return table[~table["correct"]].nlargest(limit, "confidence")


def all_mistakes(task: Task, table: pd.DataFrame) -> pd.DataFrame:
    """All wrong predictions of a :func:`prediction_table`; for regression all rows, each of which has an error."""
    return table if task.kind == "regression" else table[~table["correct"]]


def filter_rows(table: pd.DataFrame, actual: str = "", predicted: str = "", search: str = "") -> pd.DataFrame:
    """The rows of a :func:`prediction_table` with an actual label, a predicted label and words in the text; empty means any.

    With several labels, a row has a label if it is one of them. Upper and lower case are the same in a search.
    """
    keep = np.ones(len(table), dtype=bool)
    for column, label in (("actual", actual), ("predicted", predicted)):
        if label:
            keep &= np.asarray(
                [cell == label if isinstance(cell, str) else label in cell for cell in table[column]], bool
            )
    if search:
        keep &= table["text"].str.casefold().str.contains(search.casefold(), regex=False).to_numpy(bool)
    return table[keep]


def confused_pairs(table: pd.DataFrame) -> pd.DataFrame:
    """The pairs of a missed label and a wrongly predicted one in the rows of a :func:`prediction_table` of a classifier.

    Returns:
        A line for each pair of a row: position (of the row in the table), actual, predicted.
    """
    pairs = []
    for position, (actual, predicted) in enumerate(zip(table["actual"], table["predicted"], strict=True)):
        true, given = ([label] if isinstance(label, str) else label for label in (actual, predicted))
        missed, wrong = (
            [name for name in names if name not in others] for names, others in ((true, given), (given, true))
        )
        pairs += [(position, first, second) for first in missed for second in wrong]
    return pd.DataFrame(pairs, columns=["position", "actual", "predicted"])


def suspected_label_errors(
    task: Task, table: pd.DataFrame, limit: int = 50, min_confidence: float = 0.8
) -> pd.DataFrame:
    """Rows whose label is probably wrong: the model contradicts it with at least ``min_confidence``."""
    return most_confident_mistakes(task, table[table["confidence"] >= min_confidence], limit)


def label_examples(table: pd.DataFrame, predictions: Predictions, label: str, limit: int = 10) -> pd.DataFrame:
    """Example texts of a label: typical ones that have it, then borderline ones.

    Columns text, actual, predicted, probability (of this label) and kind ("typical" or "borderline").
    """
    column = predictions.task.labels.index(label)
    probability = predictions.probabilities[:, column]
    multilabel = predictions.task.kind == "multilabel"
    has_label = np.asarray(
        [label in actual if multilabel else actual == label for actual in table["actual"]], dtype=bool
    )
    rows = table[["text", "actual", "predicted"]].assign(probability=probability)
    typical = rows[has_label].nlargest(limit, "probability").assign(kind="typical")
    # A borderline text is as likely to have the label as its strongest rival.
    others = np.delete(predictions.probabilities, column, axis=1)
    rival = np.full(len(rows), 0.5) if multilabel else others.max(axis=1)
    distance = np.abs(probability - rival)
    closest = np.argsort(distance, kind="stable")[:limit]
    borderline = rows.iloc[closest[distance[closest] < _BORDERLINE]].assign(kind="borderline")
    examples: pd.DataFrame = pd.concat([typical, borderline], ignore_index=True)
    return examples
