"""Predictions for texts and tables."""

from typing import cast

import numpy as np
import pandas as pd
import pytest

from core.decision_rule import DecisionRule
from core.errors import DataError
from core.jobs.events import OnProgress
from core.models.classifier import Classifier
from core.prediction.predict import guess_text_column, predict, predict_table
from core.task import Floats, Task

TASK = Task("binary", ("a", "b"))


class _Lengths:
    """Stands in for a model: the longer a text, the likelier it is of the second class."""

    task = TASK

    def logits(self, texts: list[str], on_progress: OnProgress) -> Floats:
        return np.asarray([[0.0, len(text) - 3.0] for text in texts], dtype=np.float32)


CLASSIFIER = cast(Classifier, _Lengths())


def test_texts_are_predicted_in_order_with_probabilities_largest_first() -> None:
    short, long = predict(CLASSIFIER, ["x", "longer"]).to_records()
    assert (short["label"], long["label"]) == ("a", "b")
    assert list(short["probabilities"]) == ["a", "b"]
    assert sum(long["probabilities"].values()) == pytest.approx(1, abs=1e-5)


@pytest.mark.parametrize("texts", [[], ["fine", "  "]])
def test_no_text_and_an_empty_text_are_refused(texts: list[str]) -> None:
    with pytest.raises(DataError, match="text"):
        predict(CLASSIFIER, texts)


def test_a_table_keeps_its_columns_and_a_row_without_a_text_has_no_prediction() -> None:
    table = pd.DataFrame({"id": ["1", "2", "3"], "text": ["x", "", "longer"], "label": ["p", "q", "r"]})
    joined = predict_table(CLASSIFIER, table, "text", DecisionRule(abstain_below=0.9))
    assert joined.columns.tolist() == ["id", "text", "label", "predicted label", "confidence", "sure", "p(a)", "p(b)"]
    assert joined["predicted label"].isna().tolist() == [False, True, False]
    assert joined["sure"].tolist()[2] == "yes"
    with pytest.raises(DataError, match="no column 'body'"):
        predict_table(CLASSIFIER, table, "body")


def test_the_text_column_is_the_one_with_the_longest_cells() -> None:
    assert guess_text_column(pd.DataFrame({"id": ["1"], "body": ["a long text"], "label": ["x"]})) == "body"
