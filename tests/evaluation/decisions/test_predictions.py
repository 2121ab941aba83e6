"""Logits become probabilities and predictions."""

import numpy as np
import pytest

from core.evaluation.decisions.predictions import make_predictions
from core.task import Task


def test_probabilities_by_hand() -> None:
    binary = make_predictions(Task("binary", ("no", "yes")), np.log(np.asarray([[1.0, 3.0]], dtype=np.float32)))
    assert binary.probabilities == pytest.approx(np.asarray([[0.25, 0.75]]))
    assert binary.confidence.tolist() == pytest.approx([0.75])
    multilabel = make_predictions(Task("multilabel", ("p", "q")), np.asarray([[0.0, 200.0]], dtype=np.float32))
    assert multilabel.probabilities == pytest.approx(np.asarray([[0.5, 1.0]]))
    assert multilabel.labels == [["q"]]


def test_the_most_likely_class_the_labels_above_half_and_the_value_are_predicted() -> None:
    logits = np.asarray([[0.1, -0.2, 0.3]], dtype=np.float32)
    assert make_predictions(Task("multiclass", ("a", "b", "c")), logits).labels == ["c"]
    assert make_predictions(Task("multilabel", ("a", "b", "c")), logits).labels == [["a", "c"]]
    assert make_predictions(Task("regression", ()), logits[:, :1]).labels == [pytest.approx(0.1)]


def test_a_record_lists_probabilities_largest_first() -> None:
    (record,) = make_predictions(
        Task("multiclass", ("a", "b", "c")), np.asarray([[0.0, 2.0, 1.0]], np.float32)
    ).to_records()
    assert list(record["probabilities"]) == ["b", "c", "a"]
    assert record["confidence"] == record["probabilities"]["b"]
