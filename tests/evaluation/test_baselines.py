"""What a model must beat."""

import numpy as np
import pytest

from core.evaluation import baselines
from core.task import Task

TEXTS = ["red apple", "red cherry", "blue sky", "blue sea", "blue ice"]


def test_majority_gives_the_class_frequencies() -> None:
    task = Task("binary", ("cold", "fruit"))
    logits = baselines.majority(task, np.asarray([1, 1, 0, 0, 0]), 2)
    assert task.probabilities(logits) == pytest.approx(np.asarray([[0.6, 0.4]] * 2), abs=1e-6)


def test_tfidf_learns_words() -> None:
    task = Task("binary", ("cold", "fruit"))
    logits = baselines.tfidf(task, TEXTS, np.asarray([1, 1, 0, 0, 0]), ["red plum", "blue moon"])
    assert task.decide(logits).tolist() == [1, 0]


def test_tfidf_for_labels_and_scores() -> None:
    many = Task("multilabel", ("red", "blue"))
    targets = np.asarray([[1, 0], [1, 0], [0, 1], [0, 1], [0, 1]])
    assert many.decide(baselines.tfidf(many, TEXTS, targets, ["red plum"])).tolist() == [[1.0, 0.0]]
    score = Task("regression", ())
    found = baselines.tfidf(score, TEXTS, np.asarray([9.0, 9.0, 1.0, 1.0, 1.0]), ["red plum", "blue moon"])
    assert found[0, 0] > found[1, 0] + 1


@pytest.mark.parametrize(("texts", "targets"), [(["?!", "…"], [0, 1]), (["one word", "two words"], [0, 0])])
def test_where_nothing_can_be_learned_the_majority_answers(texts: list[str], targets: list[int]) -> None:
    task = Task("binary", ("a", "b"))
    expected = baselines.majority(task, np.asarray(targets), 1)
    assert baselines.tfidf(task, texts, np.asarray(targets), ["x"]) == pytest.approx(expected)


def test_mean_score() -> None:
    assert baselines.majority(Task("regression", ()), np.asarray([1.0, 3.0]), 2).tolist() == [[2.0], [2.0]]
