"""Predictions beside the rows of a chunk: columns, order, names that are taken, and rows without a prediction."""

import pyarrow as pa
import pytest

from core.data.reading.chunks import Chunk
from core.decision_rule import DecisionRule
from core.evaluation.decisions.predictions import MAX_LABEL_COLUMNS
from core.prediction.batch_rows import Counts, Predictor, predict_chunk, sum_counts
from core.prediction.predict import predict_table
from core.task import Task
from tests.prediction.batch_cases import TASKS, MadeEngine

TEXTS = ["one", "a longer text", "x" * 30]


def predict(table: pa.Table, kind: str = "multiclass", rule: DecisionRule | None = None, **problems: str) -> pa.Table:
    chunk = Chunk(table, {int(row.removeprefix("row")): problem for row, problem in problems.items()})
    return predict_chunk(Predictor(MadeEngine(TASKS[kind]), rule or DecisionRule()), chunk, "text")[0]


@pytest.mark.parametrize("kind", TASKS)
def test_the_predictions_are_those_of_a_table_in_memory(kind: str) -> None:
    rule = DecisionRule(interval_half_width=1.0) if kind == "regression" else DecisionRule(abstain_below=0.7)
    table = pa.table({"id": ["1", "2", "3"], "text": TEXTS})
    expected = predict_table(MadeEngine(TASKS[kind]), table.to_pandas(), "text", rule)
    predicted = predict(table, kind, rule)
    assert predicted.column_names == [*expected.columns, "problem"]
    for name in expected.columns:
        assert predicted[name].to_pylist() == pytest.approx(expected[name].tolist())


def test_rows_without_a_text_and_unreadable_rows_have_a_problem_instead_of_a_prediction() -> None:
    texts = ["fine", "  ", "unreadable", "y" * 1_000_001, None, "fine too"]
    predicted = predict(pa.table({"text": texts}), row2="line 3: 4 columns instead of 2")
    assert [label is None for label in predicted["label"].to_pylist()] == [False, True, True, True, True, False]
    assert predicted["problem"].to_pylist() == [
        None,
        "no text",
        "line 3: 4 columns instead of 2",
        "a text of more than 1,000,000 characters",
        "no text",
        None,
    ]


def test_a_chunk_without_any_text_has_the_columns_of_the_others() -> None:
    rule = DecisionRule(abstain_below=0.7)
    for kind in TASKS:
        empty, full = (predict(pa.table({"text": texts}), kind, rule) for texts in (["", " "], ["a", "b"]))
        assert empty.schema == full.schema


def test_names_that_the_input_has_too_get_predicted_in_front() -> None:
    table = pa.table({"text": ["a"], "label": ["x"], "predicted label": ["y"], "problem": ["z"], "p(a)": ["w"]})
    names = predict(table).column_names
    assert names[:5] == table.column_names
    assert names[5:] == [
        "predicted predicted label",
        "confidence",
        "predicted p(a)",
        "p(b)",
        "p(c)",
        "predicted problem",
    ]


def test_the_text_can_have_any_type() -> None:
    assert predict(pa.table({"text": [7, None, 12345]}))["problem"].to_pylist() == [None, "no text", None]


def test_many_labels_have_no_column_each() -> None:
    task = Task("multiclass", tuple(f"label {i}" for i in range(MAX_LABEL_COLUMNS + 1)))
    chunk = Chunk(pa.table({"text": TEXTS}))
    table, counts = predict_chunk(Predictor(MadeEngine(task)), chunk, "text")
    assert table.column_names == ["text", "label", "confidence", "problem"]
    assert sum(counts.labels.values()) == 3


def test_counts() -> None:
    chunk = Chunk(pa.table({"text": ["a", "", "x" * 40, "x" * 41]}))
    rule = DecisionRule(abstain_below=0.9)
    _, counts = predict_chunk(Predictor(MadeEngine(TASKS["binary"]), rule), chunk, "text")
    assert (counts.rows, counts.problems) == (4, 1)
    assert counts.unsure >= 1
    assert counts.labels["yes"] >= 2
    assert sum(counts.labels.values()) == 3
    _, numbers = predict_chunk(Predictor(MadeEngine(TASKS["regression"])), chunk, "text")
    assert numbers.labels == {}
    assert numbers.low is not None
    assert numbers.high is not None
    assert numbers.low < numbers.high


def test_counts_are_added_with_the_most_frequent_label_first() -> None:
    first, second = Counts(3, 1, 0, {"a": 1, "b": 2}), Counts(4, 0, 2, {"a": 2, "c": 1}, -1.0, 3.5)
    assert sum_counts([first, second]) == Counts(7, 1, 2, {"a": 3, "b": 2, "c": 1}, -1.0, 3.5)
    assert list(sum_counts([first, second]).labels) == ["a", "b", "c"]
