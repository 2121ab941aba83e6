"""Examples of a model's data, and changes of probabilities."""

import numpy as np
import pandas as pd
import pytest

from core.evaluation.decisions.predictions import make_predictions
from core.prediction.texts import example_texts, format_label, probability_changes
from core.task import Label, Task


def test_examples_are_short_texts_of_different_labels() -> None:
    rows = pd.DataFrame(
        {
            "text": ["x" * 80, "y" * 82, "z" * 5_000, "z" * 20, "x" * 80],
            "label": [["a"], ["a"], ["b"], ["b"], ["a"]],
        }
    )
    assert example_texts(rows, 2) == ["x" * 80, "z" * 20]
    assert example_texts(rows, 9) == ["x" * 80, "z" * 20, "y" * 82, "z" * 5_000]
    assert example_texts(rows.head(0)) == []


@pytest.mark.parametrize(
    ("label", "text"), [("sky", "sky"), (["red", "cold"], "red, cold"), ([], "No label"), (1234.567, "1,234.57")]
)
def test_a_label_is_written_as_text(label: Label, text: str) -> None:
    assert format_label(label) == text


def test_changes_of_probabilities_are_sorted_by_size() -> None:
    task = Task("multilabel", ("red", "sweet", "cold"))
    before, after = (
        make_predictions(task, np.asarray([logits], dtype=np.float32)) for logits in ([0, 0, 3], [0, 5, 2])
    )
    changes = probability_changes(before, after)
    assert changes["label"].tolist() == ["sweet", "cold", "red"]
    assert changes["change"].tolist() == pytest.approx([0.4933, -0.0718, 0], abs=1e-4)
    assert (changes["before"] + changes["change"]).tolist() == pytest.approx(changes["after"].tolist())
    assert len(probability_changes(before, after, 2)) == 2
