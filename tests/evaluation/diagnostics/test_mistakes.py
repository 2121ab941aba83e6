"""Wrong predictions, most confident first, and example texts."""

import numpy as np
import pandas as pd
import pytest

from core.evaluation.decisions.predictions import Predictions, make_predictions
from core.evaluation.diagnostics.mistakes import (
    all_mistakes,
    confused_pairs,
    filter_rows,
    label_examples,
    most_confident_mistakes,
    prediction_table,
    suspected_label_errors,
)
from core.task import Label
from tests.evaluation.cases import BINARY, MULTILABEL, REGRESSION


def rows(labels: list[Label]) -> pd.DataFrame:
    return pd.DataFrame({"row": range(7, 7 + len(labels)), "text": list("uvwxyz")[: len(labels)], "label": labels})


def binary_predictions(probabilities: list[float]) -> Predictions:
    """Predictions with these probabilities of the second class."""
    return make_predictions(BINARY, np.log([[1 - p, p] for p in probabilities]).astype(np.float32))


def test_the_most_confident_mistake_comes_first() -> None:
    table = prediction_table(rows(["no", "no", "yes"]), binary_predictions([0.6, 0.9, 0.8]))
    assert table["correct"].tolist() == [False, False, True]
    mistakes = most_confident_mistakes(BINARY, table)
    assert mistakes["row"].tolist() == [8, 7]
    assert mistakes["confidence"].tolist() == pytest.approx([0.9, 0.6])
    assert suspected_label_errors(BINARY, table)["row"].tolist() == [8]


def test_a_multilabel_prediction_is_correct_only_if_all_labels_are() -> None:
    predictions = make_predictions(MULTILABEL, np.asarray([[3, 1], [-3, -3]], dtype=np.float32))
    table = prediction_table(rows([["p"], []]), predictions)
    assert table["correct"].tolist() == [False, True]
    assert table["confidence"][0] == pytest.approx(1 / (1 + np.exp(-1)))


def test_the_largest_error_of_a_number_comes_first() -> None:
    predictions = make_predictions(REGRESSION, np.asarray([[1.5], [2.0]], dtype=np.float32))
    table = prediction_table(rows([1.0, 5.0]), predictions)
    assert most_confident_mistakes(REGRESSION, table)["error"].tolist() == [3.0, 0.5]


def test_examples_are_typical_or_borderline() -> None:
    predictions = binary_predictions([0.99, 0.55, 0.1])
    examples = label_examples(prediction_table(rows(["yes", "yes", "no"]), predictions), predictions, "yes")
    assert examples["kind"].tolist() == ["typical", "typical", "borderline"]
    assert examples["text"].tolist() == ["u", "v", "v"]
    assert examples["probability"].tolist() == pytest.approx([0.99, 0.55, 0.55])


def test_confused_pairs_join_missed_with_wrong_labels() -> None:
    binary = pd.DataFrame({"actual": ["no", "yes", "yes"], "predicted": ["yes", "yes", "no"]})
    assert confused_pairs(binary).to_numpy().tolist() == [[0, "no", "yes"], [2, "yes", "no"]]
    several = pd.DataFrame({"actual": [["p", "q"], ["q"]], "predicted": [["q", "r", "s"], ["q", "r"]]})
    assert confused_pairs(several).to_numpy().tolist() == [[0, "p", "r"], [0, "p", "s"]]


def test_rows_are_filtered_by_labels_and_words() -> None:
    table = pd.DataFrame(
        {
            "text": ["A (b)", "straße", "c"],
            "actual": [["red"], ["red", "sweet"], []],
            "predicted": [["sweet"], ["red"], ["cold"]],
            "correct": [False, False, True],
        }
    )
    assert all_mistakes(MULTILABEL, table).index.tolist() == [0, 1]
    assert filter_rows(table).index.tolist() == [0, 1, 2]
    assert filter_rows(table, actual="red").index.tolist() == [0, 1]
    assert filter_rows(table, actual="red", predicted="sweet").index.tolist() == [0]
    assert filter_rows(table, search="a (B").index.tolist() == [0]
    assert filter_rows(table, search="STRASSE").index.tolist() == [1]
    one_label = table.assign(actual=["red", "sweet", "red"])
    assert filter_rows(one_label, actual="red").index.tolist() == [0, 2]


def test_every_row_of_a_regression_has_an_error() -> None:
    table = pd.DataFrame({"text": ["a"], "actual": [1.0], "predicted": [2.0], "correct": [False]})
    assert len(all_mistakes(REGRESSION, table)) == 1
