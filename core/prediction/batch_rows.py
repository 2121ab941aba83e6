"""Predictions beside the rows of a chunk of a table; a row without one has a problem."""

from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow as pa

from core import decision_rule
from core.data.reading.chunks import Chunk
from core.data.table import MAX_CELL_CHARACTERS, string_array
from core.decision_rule import DecisionRule
from core.evaluation.decisions.predictions import Predictions
from core.evaluation.prevalence.pile import NO_VALUES, Moments, moments_of
from core.jobs.events import OnProgress, no_progress
from core.models.engines.base import Engine
from core.prediction.predict import DEFAULT_RULE

PROBLEM = "problem"
# The columns of predictions that hold text; the others hold numbers.
_TEXT_COLUMNS = ("label", "sure")


@dataclass(frozen=True)
class Predictor:
    """An engine that computes logits, and the decision rule that turns them into predictions."""

    engine: Engine
    rule: DecisionRule = DEFAULT_RULE

    def predict(self, texts: Sequence[str], on_progress: OnProgress = no_progress) -> Predictions:
        """Predictions for texts, in their order; there may be none."""
        task = self.engine.task
        logits = self.engine.logits(texts, on_progress) if texts else np.zeros((0, task.outputs), np.float32)
        return self.rule.apply(task, logits)


# Loads the predictor of a model folder with the engine of a name, or with the default engine of this host.
LoadPredictor = Callable[[Path, str | None], Predictor]


def load_predictor(model_folder: Path, engine: str | None = None) -> Predictor:
    """The predictor of the model in a folder; the engine ``CASCADE`` is fitted at its first use.

    Raises:
        ConfigError: there is no engine of that name, or its packages are not installed.
        ModelError: the model cannot be loaded.
        StorageError: the decision rule is damaged.
    """
    from core.models.engines.load import load_engine
    from core.prediction.cascade import CASCADE, load_cascade

    loaded = load_cascade(model_folder) if engine == CASCADE else load_engine(model_folder, engine)
    return Predictor(loaded, decision_rule.load(model_folder))


@dataclass(frozen=True)
class Counts:
    """Counts of rows: all, those marked as not sure, those without a prediction, and the predictions of each label.

    ``low`` and ``high`` are the lowest and the highest predicted value of a regression model; None for other models.
    ``confidence`` has the moments of the confidence by predicted class, for tasks with one label; ``values`` those of predicted
    numbers.
    """

    rows: int
    unsure: int
    problems: int
    labels: dict[str, int]
    low: float | None = None
    high: float | None = None
    confidence: dict[str, Moments] = field(default_factory=dict)
    values: Moments = NO_VALUES


def sum_counts(counts: Sequence[Counts]) -> Counts:
    """The counts of all rows; the most frequent label comes first."""
    labels: Counter[str] = Counter()
    confidence: dict[str, Moments] = {}
    for part in counts:
        labels.update(part.labels)
        for name, moments in part.confidence.items():
            confidence[name] = confidence.get(name, NO_VALUES) + moments
    return Counts(
        rows=sum(part.rows for part in counts),
        unsure=sum(part.unsure for part in counts),
        problems=sum(part.problems for part in counts),
        labels=dict(sorted(labels.items(), key=lambda item: (-item[1], item[0]))),
        low=min((part.low for part in counts if part.low is not None), default=None),
        high=max((part.high for part in counts if part.high is not None), default=None),
        confidence=confidence,
        values=sum((part.values for part in counts), NO_VALUES),
    )


def predict_chunk(
    predictor: Predictor, chunk: Chunk, column: str, on_progress: OnProgress = no_progress
) -> tuple[pa.Table, Counts]:
    """The rows with their predictions and, in the last column, the reason why a row has none; and their counts."""
    texts = chunk.cells(column)
    problems = {row: problem for row, text in enumerate(texts) if (problem := _text_problem(text))}
    problems |= chunk.problems
    rows = [row for row in range(len(texts)) if row not in problems]
    predictions = predictor.predict([texts[row] for row in rows], on_progress)
    positions = np.full(len(texts), -1)
    positions[rows] = np.arange(len(rows))
    index = pa.array(positions, mask=positions < 0)
    table = chunk.table
    for name, values in predictions.to_frame().items():
        cells = string_array(values.tolist()) if name in _TEXT_COLUMNS else _number_array(values)
        table = table.append_column(_free_name(str(name), table.column_names), cells.take(index))
    reasons = pa.array([problems.get(row) for row in range(len(texts))], pa.large_string())
    return table.append_column(_free_name(PROBLEM, table.column_names), reasons), _count(predictions, len(problems))


def _free_name(name: str, taken: Sequence[str]) -> str:
    """The name of a new column: "predicted" comes before a name that is taken."""
    while name in taken:
        name = f"predicted {name}"
    return name


def _text_problem(text: str) -> str:
    if not text.strip():
        return "no text"
    if len(text) > MAX_CELL_CHARACTERS:
        return f"a text of more than {MAX_CELL_CHARACTERS:,} characters"
    return ""


def _number_array(values: pd.Series) -> pa.Array:
    if values.dtype == np.float32:  # with the digits that a float32 has, not those of its conversion
        return pa.array([float(str(value)) for value in values.to_numpy()], pa.float64())
    return pa.array(values.to_numpy(), pa.float64())


def _count(predictions: Predictions, problems: int) -> Counts:
    labels: Counter[str] = Counter()
    low = high = None
    confidence, values = {}, NO_VALUES
    if predictions.task.one_label:
        for k in np.unique(predictions.predicted):
            confidence[predictions.task.labels[k]] = moments_of(predictions.confidence[predictions.predicted == k])
    if predictions.task.kind != "regression":
        for label in predictions.labels:
            labels.update(label if isinstance(label, list) else [str(label)])
    elif len(predictions):
        low, high = float(predictions.predicted.min()), float(predictions.predicted.max())
        values = moments_of(predictions.predicted)
    unsure = int(predictions.abstained.sum())
    return Counts(len(predictions) + problems, unsure, problems, dict(labels), low, high, confidence, values)
