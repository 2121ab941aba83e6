"""Predictions for texts that users give: a list, or a column of a table. Imports no torch: the model brings it."""

from collections.abc import Sequence
from typing import Protocol

import pandas as pd

from core.decision_rule import DecisionRule
from core.errors import DataError
from core.evaluation.decisions.predictions import Predictions
from core.jobs.events import OnProgress, no_progress
from core.task import Floats, Task

DEFAULT_RULE = DecisionRule()


class TextModel(Protocol):
    """What computes logits from texts: a classifier or an engine."""

    @property
    def task(self) -> Task:
        """What it predicts."""
        ...

    def logits(self, texts: Sequence[str], on_progress: OnProgress = no_progress) -> Floats:
        """Logits (n, outputs) in the order of the texts."""
        ...


def predict(
    model: TextModel,
    texts: Sequence[str],
    rule: DecisionRule = DEFAULT_RULE,
    on_progress: OnProgress = no_progress,
) -> Predictions:
    """Predictions for texts, in their order.

    Raises:
        DataError: there is no text, or a text is empty.
    """
    if not texts:
        raise DataError("There is no text to predict.", "Type a text.")
    if not all(text.strip() for text in texts):
        raise DataError("An empty text cannot be predicted.", "Type at least one word.")
    return rule.apply(model.task, model.logits(texts, on_progress))


def predict_table(
    model: TextModel,
    table: pd.DataFrame,
    column: str,
    rule: DecisionRule = DEFAULT_RULE,
    on_progress: OnProgress = no_progress,
) -> pd.DataFrame:
    """The table with the predictions for the texts of a column beside it; a row without a text has none.

    Raises:
        DataError: there is no such column, or it holds no text.
    """
    if column not in table.columns:
        raise DataError(f"There is no column {column!r}.", f"The columns are: {', '.join(table.columns[:20])}.")
    has_text = table[column].str.strip() != ""
    predictions = predict(model, table.loc[has_text, column].tolist(), rule, on_progress)
    columns = predictions.to_frame().set_index(table.index[has_text])
    taken = {name: f"predicted {name}" for name in columns.columns if name in table.columns}
    return table.join(columns.rename(columns=taken))


def guess_text_column(table: pd.DataFrame) -> str:
    """The column that most likely holds the texts: the one with the longest cells."""
    return str(max(table.columns, key=lambda column: float(table[column].str.len().mean())))
