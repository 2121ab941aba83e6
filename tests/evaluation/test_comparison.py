"""Two models on the same rows: better, worse, or not to be told apart."""

import math

import numpy as np
import pytest

from core.errors import ConfigError
from core.evaluation.comparison import compare, describe_comparison, mcnemar_p_value
from core.evaluation.metrics.definitions import COMPARISON_METRICS
from core.evaluation.metrics.summary import summarize
from core.task import Floats, Task

TASK = Task("multiclass", ("a", "b", "c"))


def answers(targets: np.ndarray, accuracy: float, seed: int) -> Floats:
    rng = np.random.default_rng(seed)
    decided = np.where(rng.random(len(targets)) < accuracy, targets, (targets + 1) % 3)
    return np.eye(3, dtype=np.float32)[decided] * 3


def test_mcnemar_by_hand() -> None:
    ours, theirs = np.asarray([True] * 5 + [False]), np.asarray([False] * 5 + [False])
    assert mcnemar_p_value(ours, theirs) == pytest.approx(2 / 2**5)
    assert mcnemar_p_value(ours, ours) == 1


def test_better_and_worse() -> None:
    targets = np.arange(600) % 3
    good, bad = answers(targets, 0.9, 0), answers(targets, 0.7, 1)
    for metric in COMPARISON_METRICS["multiclass"]:
        found = compare(TASK, targets, good, bad, metric)
        assert found.better is True
        assert found.low < found.difference < found.high
        assert found.verdict.startswith("The first model is better than the second: ")
        assert describe_comparison(found).startswith("Fine-tuning paid: ")
        back = compare(TASK, targets, bad, good, metric)
        assert back.better is False
        assert back.difference == pytest.approx(-found.difference)
        assert describe_comparison(back, baseline="TF-IDF").startswith("Fine-tuning did not pay here: ")
        assert "worse than that of TF-IDF" in describe_comparison(back, baseline="TF-IDF")
    assert compare(TASK, targets, good, bad).ours == pytest.approx(summarize(TASK, targets, good)["f1_macro"])


def test_few_rows_tell_nothing() -> None:
    targets = np.arange(40) % 3
    found = compare(TASK, targets, answers(targets, 0.85, 0), answers(targets, 0.8, 1), "accuracy")
    assert found.better is None
    assert found.verdict == "40 test rows cannot tell the first model and the second apart."
    assert "did not pay here as far as 40 test rows can tell" in describe_comparison(found)
    same = compare(TASK, targets, answers(targets, 0.8, 0), answers(targets, 0.8, 0))
    assert (same.difference, same.better, len(same.disagree)) == (0, None, 0)


def test_a_handful_of_rows_is_left_to_the_exact_test() -> None:
    # Right on five rows that the other misses: p = 0.0625, though every resample agrees.
    targets = np.zeros(20, dtype=int)
    ours, theirs = np.zeros(20, dtype=int), np.asarray([1] * 5 + [0] * 15)
    found = compare(TASK, targets, np.eye(3, dtype=np.float32)[ours], np.eye(3, dtype=np.float32)[theirs], "accuracy")
    assert found.low > 0
    assert found.better is None
    assert found.disagree.tolist() == [0, 1, 2, 3, 4]


def test_one_row() -> None:
    found = compare(TASK, np.asarray([0]), np.eye(3, dtype=np.float32)[[0]], np.eye(3, dtype=np.float32)[[1]])
    assert math.isnan(found.low)
    assert describe_comparison(found) == "Fine-tuning: whether it paid cannot be said from 1 test row."


def test_labels_and_numbers() -> None:
    rng = np.random.default_rng(0)
    labels = Task("multilabel", ("p", "q"))
    targets = (rng.random((300, 2)) < 0.4).astype(np.float32)
    good = (targets * 4 - 2 + rng.normal(size=targets.shape)).astype(np.float32)
    bad = (targets * 4 - 2 + rng.normal(0, 4, targets.shape)).astype(np.float32)
    for metric in COMPARISON_METRICS["multilabel"]:
        found = compare(labels, targets, good, bad, metric)
        assert found.better
        assert found.ours == pytest.approx(summarize(labels, targets, good)[metric])
    number = Task("regression", ())
    truth = rng.normal(size=300)
    near, far = (truth + rng.normal(0, std, 300) for std in (0.1, 1))
    for metric in COMPARISON_METRICS["regression"]:
        found = compare(number, truth, near[:, None].astype(np.float32), far[:, None].astype(np.float32), metric)
        assert found.better
        assert found.difference < 0
        assert math.isnan(found.p_value)
        assert found.ours == pytest.approx(summarize(number, truth, near[:, None].astype(np.float32))[metric], rel=1e-5)
    assert found.disagree[0] == np.argmax(np.abs(np.abs(near - truth) - np.abs(far - truth)))


def test_what_cannot_be_compared() -> None:
    targets = np.zeros(3, dtype=int)
    logits = np.zeros((3, 3), dtype=np.float32)
    with pytest.raises(ConfigError, match="same rows, found 3 and 2 answers to 3 rows"):
        compare(TASK, targets, logits, logits[:2])
    with pytest.raises(ConfigError, match="found 'mae'"):
        compare(TASK, targets, logits, logits, "mae")
