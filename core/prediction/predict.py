"""Texts -> answers, as a table or as JSON objects. Imports no torch: the classifier brings it."""

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from core.decision_rule import DecisionRule
from core.errors import DataError
from core.jobs.events import OnProgress, no_progress
from core.task import Floats, Task

if TYPE_CHECKING:
    from core.models.classifier import Classifier

MAX_LABEL_COLUMNS = 50
# What a model by itself means: no temperature, 0.5 as threshold, an answer to everything.
DEFAULT_DECISION_RULE = DecisionRule()


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
    classifier: "Classifier",
    table: pd.DataFrame,
    column: str,
    on_progress: OnProgress = no_progress,
    decision: DecisionRule = DEFAULT_DECISION_RULE,
) -> pd.DataFrame:
    """The table with the answers to the texts of a column beside it; a row without a text gets none.

    Raises:
        DataError: there is no such column, or it holds no text.
    """
    if column not in table.columns:
        raise DataError(f"There is no column {column!r}.", f"The columns are: {', '.join(table.columns[:20])}.")
    filled = table[column].str.strip() != ""
    logits = predict(classifier, table.loc[filled, column].tolist(), on_progress)
    answers = as_table(classifier.task, logits, decision).set_index(table.index[filled])
    taken = {name: f"predicted {name}" for name in answers.columns if name in table.columns}
    return table.join(answers.rename(columns=taken))


def text_column(table: pd.DataFrame) -> str:
    """The column that most likely holds the texts: the one with the longest cells."""
    return str(max(table.columns, key=lambda column: float(table[column].str.len().mean())))


def as_json(task: Task, logits: Floats, decision: DecisionRule = DEFAULT_DECISION_RULE) -> list[dict[str, Any]]:
    """One object a text: label (a list for multi-label, a number for a score), confidence (None for a score), probabilities.

    Where the model answers only when sure, also sure (bool); where a score has an interval, also low and high.
    """
    if task.kind == "regression":
        return [
            {"label": value, "confidence": None, "probabilities": {}} | _interval(value, decision)
            for value in logits[:, 0].astype(float).tolist()
        ]
    decided = task.decode(decision.decide(task, logits))
    chances = decision.probabilities(task, logits)
    confidences, sure = decision.confidence(task, logits), decision.sure(task, logits)
    return [
        {
            "label": label,
            "confidence": round(float(confidence), 6),
            "probabilities": named_probabilities(task, row),
        }
        | ({"sure": bool(enough)} if decision.abstain_below else {})
        for label, confidence, row, enough in zip(decided, confidences, chances, sure, strict=True)
    ]


def _interval(value: float, decision: DecisionRule) -> dict[str, float]:
    width = decision.interval_half_width
    return {} if width is None else {"low": round(value - width, 6), "high": round(value + width, 6)}


def named_probabilities(task: Task, probabilities: Floats) -> dict[str, float]:
    """Probabilities (outputs,) by label, largest first; empty for a score."""
    if task.kind == "regression":
        return {}
    return {task.labels[i]: round(float(probabilities[i]), 6) for i in np.argsort(-probabilities, kind="stable")}


def as_table(task: Task, logits: Floats, decision: DecisionRule = DEFAULT_DECISION_RULE) -> pd.DataFrame:
    """One row a text: label, confidence and, up to ``MAX_LABEL_COLUMNS`` labels, each probability; or ``score`` alone.

    Where the model answers only when sure, a column sure ("yes" or "not sure"); where a score has an interval, low and high.
    """
    if task.kind == "regression":
        scores = pd.DataFrame({"score": logits[:, 0]})
        width = decision.interval_half_width
        return scores if width is None else scores.assign(low=scores["score"] - width, high=scores["score"] + width)
    decided = task.decode(decision.decide(task, logits))
    labels = ["|".join(map(str, label)) if isinstance(label, list) else str(label) for label in decided]
    table = pd.DataFrame({"label": labels, "confidence": decision.confidence(task, logits).round(4)})
    if decision.abstain_below:
        table["sure"] = np.where(decision.sure(task, logits), "yes", "not sure")
    if task.outputs <= MAX_LABEL_COLUMNS:
        probabilities = pd.DataFrame(
            decision.probabilities(task, logits).round(4), columns=[f"p({name})" for name in task.labels]
        )
        table = pd.concat([table, probabilities], axis=1)
    return table


def escape_formulas(table: pd.DataFrame) -> pd.DataFrame:
    """The table with an apostrophe before every cell that a spreadsheet would run as a formula."""
    risky = ("=", "+", "-", "@", "\t", "\r")
    text = table.select_dtypes(include=["object", "str"]).columns
    return table.assign(
        **{c: ["'" + v if isinstance(v, str) and v.startswith(risky) else v for v in table[c]] for c in text}
    )
