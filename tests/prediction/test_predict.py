"""Answers as JSON and as tables."""

import numpy as np
import pandas as pd
import pytest

from core.prediction.predict import as_json, as_table, escape_formulas
from core.task import Task

TASK = Task("multiclass", ("a", "b"))
LOGITS = np.log(np.asarray([[0.25, 0.75]], dtype=np.float32))


def test_json_names_every_probability_largest_first() -> None:
    (answer,) = as_json(TASK, LOGITS)
    assert answer["label"] == "b"
    assert answer["confidence"] == pytest.approx(0.75)
    assert list(answer["probabilities"].items()) == [("b", pytest.approx(0.75)), ("a", pytest.approx(0.25))]


def test_json_of_the_other_tasks() -> None:
    (many,) = as_json(Task("multilabel", ("p", "q")), np.asarray([[2.0, -2.0]], dtype=np.float32))
    assert many["label"] == ["p"]
    (score,) = as_json(Task("regression", ()), np.asarray([[3.5]], dtype=np.float32))
    assert score == {"label": 3.5, "confidence": None, "probabilities": {}}


def test_tables() -> None:
    assert as_table(TASK, LOGITS).columns.tolist() == ["label", "confidence", "p(a)", "p(b)"]
    many = as_table(Task("multilabel", ("p", "q")), np.asarray([[2.0, 2.0], [-2.0, -2.0]], dtype=np.float32))
    assert many["label"].tolist() == ["p|q", ""]
    assert as_table(Task("regression", ()), np.asarray([[3.5]], dtype=np.float32))["score"].tolist() == [3.5]


def test_formulas_are_neutralised_and_numbers_left_alone() -> None:
    table = pd.DataFrame({"text": ["=1+1", "+x", "-x", "@x", "\tx", "fine"], "score": [-1.0] * 6})
    safe = escape_formulas(table)
    assert safe["text"].tolist() == ["'=1+1", "'+x", "'-x", "'@x", "'\tx", "fine"]
    assert safe["score"].tolist() == [-1.0] * 6
