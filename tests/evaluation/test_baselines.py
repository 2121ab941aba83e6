"""Baselines: the majority class, and TF-IDF with a linear model."""

from collections.abc import Sequence

import numpy as np
import pytest

from core.evaluation.baselines import LabeledRows, majority, tfidf
from core.evaluation.decisions.predictions import make_predictions
from tests.evaluation.cases import BINARY, MULTILABEL, REGRESSION

TEXTS = ["red apple", "red cherry", "blue sky", "blue sea", "blue ice"]


def test_majority_gives_the_class_frequencies() -> None:
    logits = majority(BINARY, np.asarray([1, 1, 0, 0, 0]), 2)
    assert make_predictions(BINARY, logits).probabilities == pytest.approx(np.asarray([[0.6, 0.4]] * 2), abs=1e-6)


def test_majority_of_numbers_is_their_mean() -> None:
    assert majority(REGRESSION, np.asarray([1.0, 3.0]), 2).tolist() == [[2.0], [2.0]]


def rows(texts: list[str], targets: Sequence[object]) -> LabeledRows:
    """Labeled rows with the targets as an array."""
    return LabeledRows(texts, np.asarray(targets))


def test_tfidf_learns_classes_from_words() -> None:
    logits = tfidf(BINARY, rows(TEXTS, [1, 1, 0, 0, 0]), rows([], []), ["red plum", "blue moon"])
    assert make_predictions(BINARY, logits).predicted.tolist() == [1, 0]


def test_tfidf_learns_labels_from_words() -> None:
    train = rows(TEXTS, [[1, 0], [1, 0], [0, 1], [0, 1], [0, 1]])
    logits = tfidf(MULTILABEL, train, LabeledRows([], train.targets[:0]), ["red plum"])
    assert make_predictions(MULTILABEL, logits).predicted.tolist() == [[1.0, 0.0]]


def test_tfidf_learns_numbers_from_words() -> None:
    train = rows(TEXTS, [9.0, 9.0, 1.0, 1.0, 1.0])
    values = tfidf(REGRESSION, train, rows([], []), ["red plum", "blue moon"])
    assert values[0, 0] > values[1, 0] + 1


def test_validation_chooses_the_ngrams() -> None:
    # The class shows in the endings of words that differ between training and validation.
    stems = ["bal", "dor", "fin", "gam", "hul", "kes", "lom", "nar", "pid", "rut", "sev", "tob"]
    texts = [stem + ending for stem in stems for ending in ("ing", "ous")]
    train, validation = (rows(texts[part], [0, 1] * 6) for part in (slice(0, 12), slice(12, 24)))
    logits = tfidf(BINARY, train, validation, ["zuking", "zukous"])
    assert logits.shape == (14, 2)
    assert make_predictions(BINARY, logits[12:]).predicted.tolist() == [0, 1]


def test_class_weights_move_the_predictions() -> None:
    train = rows(["common word"] * 9 + ["word"], [0] * 9 + [1])
    even, weighted = (
        make_predictions(BINARY, tfidf(BINARY, train, rows([], []), ["word"], weights)).probabilities[0, 1]
        for weights in (None, np.asarray([1 / 9, 9.0]))
    )
    assert weighted > even + 0.2


@pytest.mark.parametrize(("texts", "targets"), [(["?!", "…"], [0, 1]), (["one word", "two words"], [0, 0])])
def test_tfidf_falls_back_to_the_majority(texts: list[str], targets: list[int]) -> None:
    expected = majority(BINARY, np.asarray(targets), 1)
    assert tfidf(BINARY, LabeledRows(texts, np.asarray(targets)), rows([], []), ["x"]) == pytest.approx(expected)
