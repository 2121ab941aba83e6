"""Baselines: the majority class, and TF-IDF with a linear model."""

import numpy as np
import pytest

from core.evaluation.baselines import majority, tfidf
from core.evaluation.decisions.predictions import make_predictions
from tests.evaluation.cases import BINARY, MULTILABEL, REGRESSION

TEXTS = ["red apple", "red cherry", "blue sky", "blue sea", "blue ice"]


def test_majority_gives_the_class_frequencies() -> None:
    logits = majority(BINARY, np.asarray([1, 1, 0, 0, 0]), 2)
    assert make_predictions(BINARY, logits).probabilities == pytest.approx(np.asarray([[0.6, 0.4]] * 2), abs=1e-6)


def test_majority_of_numbers_is_their_mean() -> None:
    assert majority(REGRESSION, np.asarray([1.0, 3.0]), 2).tolist() == [[2.0], [2.0]]


def test_tfidf_learns_classes_from_words() -> None:
    logits = tfidf(BINARY, TEXTS, np.asarray([1, 1, 0, 0, 0]), ["red plum", "blue moon"])
    assert make_predictions(BINARY, logits).predicted.tolist() == [1, 0]


def test_tfidf_learns_labels_from_words() -> None:
    targets = np.asarray([[1, 0], [1, 0], [0, 1], [0, 1], [0, 1]])
    assert make_predictions(MULTILABEL, tfidf(MULTILABEL, TEXTS, targets, ["red plum"])).predicted.tolist() == [
        [1.0, 0.0]
    ]


def test_tfidf_learns_numbers_from_words() -> None:
    values = tfidf(REGRESSION, TEXTS, np.asarray([9.0, 9.0, 1.0, 1.0, 1.0]), ["red plum", "blue moon"])
    assert values[0, 0] > values[1, 0] + 1


@pytest.mark.parametrize(("texts", "targets"), [(["?!", "…"], [0, 1]), (["one word", "two words"], [0, 0])])
def test_tfidf_falls_back_to_the_majority(texts: list[str], targets: list[int]) -> None:
    expected = majority(BINARY, np.asarray(targets), 1)
    assert tfidf(BINARY, texts, np.asarray(targets), ["x"]) == pytest.approx(expected)
