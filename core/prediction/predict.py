"""Texts -> answers, as a table or as JSON objects. Imports no torch: the classifier brings it."""

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from core.errors import DataError
from core.evaluation.mistakes import confidence
from core.jobs.events import OnProgress, no_progress
from core.task import Floats, Task

if TYPE_CHECKING:
    from core.models.classifier import Classifier

MAX_LABEL_COLUMNS = 50


def predict(classifier: "Classifier", texts: Sequence[str], on_progress: OnProgress = no_progress) -> Floats:
    """Logits (n, outputs) of texts that a user gave.

    Raises:
        DataError: there is no text, or one of them is empty.
    """
    if not texts:
        raise DataError("There is no text to predict.", "Type one.")
    if not all(text.strip() for text in texts):
        raise DataError("An empty text has no answer.", "Type at least one word.")
    return classifier.logits(texts, on_progress)


def predict_table(
    classifier: "Classifier", table: pd.DataFrame, column: str, on_progress: OnProgress = no_progress
) -> pd.DataFrame:
    """The table with the answers to the texts of a column beside it; a row without a text gets none.

    Raises:
        DataError: there is no such column, or it holds no text.
    """
    if column not in table.columns:
        raise DataError(f"There is no column {column!r}.", f"The columns are: {', '.join(table.columns[:20])}.")
    filled = table[column].str.strip() != ""
    logits = predict(classifier, table.loc[filled, column].tolist(), on_progress)
    answers = as_table(classifier.task, logits).set_index(table.index[filled])
    taken = {name: f"predicted {name}" for name in answers.columns if name in table.columns}
    return table.join(answers.rename(columns=taken))


def text_column(table: pd.DataFrame) -> str:
    """The column that most likely holds the texts: the one with the longest cells."""
    return str(max(table.columns, key=lambda column: float(table[column].str.len().mean())))


def as_json(task: Task, logits: Floats) -> list[dict[str, Any]]:
    """One object a text: label (a list for multi-label, a number for a score), confidence (None for a score), probabilities."""
    probabilities = task.probabilities(logits)
    answers = zip(task.decode(task.decide(logits)), confidence(task, logits), probabilities, strict=True)
    return [
        {
            "label": label,
            "confidence": None if task.kind == "regression" else round(float(sure), 6),
            "probabilities": named_probabilities(task, row),
        }
        for label, sure, row in answers
    ]


def named_probabilities(task: Task, probabilities: Floats) -> dict[str, float]:
    """Probabilities (outputs,) by label, largest first; empty for a score."""
    if task.kind == "regression":
        return {}
    return {task.labels[i]: round(float(probabilities[i]), 6) for i in np.argsort(-probabilities, kind="stable")}


def as_table(task: Task, logits: Floats) -> pd.DataFrame:
    """One row a text: label, confidence and, up to ``MAX_LABEL_COLUMNS`` labels, each probability; or ``score`` alone."""
    if task.kind == "regression":
        return pd.DataFrame({"score": logits[:, 0]})
    decided = task.decode(task.decide(logits))
    labels = ["|".join(map(str, label)) if isinstance(label, list) else str(label) for label in decided]
    table = pd.DataFrame({"label": labels, "confidence": confidence(task, logits).round(4)})
    if task.outputs <= MAX_LABEL_COLUMNS:
        probabilities = pd.DataFrame(
            task.probabilities(logits).round(4), columns=[f"p({name})" for name in task.labels]
        )
        table = pd.concat([table, probabilities], axis=1)
    return table


def for_spreadsheets(table: pd.DataFrame) -> pd.DataFrame:
    """The table with an apostrophe before every cell that a spreadsheet would run as a formula."""
    risky = ("=", "+", "-", "@", "\t", "\r")
    text = table.select_dtypes(include=["object", "str"]).columns
    return table.assign(
        **{c: ["'" + v if isinstance(v, str) and v.startswith(risky) else v for v in table[c]] for c in text}
    )
