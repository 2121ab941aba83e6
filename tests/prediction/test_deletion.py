"""The deletion check: what is compared, and when it passes."""

import numpy as np
import pytest

from core.prediction.deletion import RANDOM_DRAWS, DeletionCheck, check_by_deletion

WEIGHTS = {"awful": 3.0, "dull": 2.0, "film": 0.5, "a": 0.0, "good": -1.0}


def check(text: str, scores: list[float]) -> DeletionCheck:
    """The check of a model whose score is the sum of ``WEIGHTS`` of the words that are left."""
    spans, position = [], 0
    for word in text.split(" "):
        spans.append((position, position + len(word)))
        position += len(word) + 1

    def score_texts(texts: list[str]) -> np.ndarray:
        return np.asarray([sum(WEIGHTS[word] for word in text.split()) for text in texts])

    return check_by_deletion(text, spans, np.asarray(scores), score_texts, seed=0)


def test_a_short_text_is_compared_with_every_other_word() -> None:
    short = check("a awful film good", [0.0, 3.0, 0.5, -1.0])
    assert (short.deleted, short.drop, short.beats_random, short.tries) == (1, 3.0, 1.0, 3)
    assert short.random_drop == pytest.approx(-0.5 / 3)
    wrong = check("a awful film good", [0.0, 3.0, 4.0, -1.0])
    assert (wrong.drop, wrong.passed) == (0.5, False)


def test_a_long_text_is_compared_with_as_many_different_choices() -> None:
    words = ["awful", "dull", *["film", "a"] * 6]
    scores = [WEIGHTS[word] for word in words]
    passed = check(" ".join(words), scores)
    assert (passed.deleted, passed.drop, passed.tries, passed.passed) == (3, 5.5, RANDOM_DRAWS, True)
    assert check(" ".join(words), scores) == passed
    assert not check(" ".join(words), [-score for score in scores]).passed


def test_one_word_cannot_be_checked() -> None:
    alone = check("awful", [3.0])
    assert (alone.tries, alone.passed) == (0, False)


def test_words_that_do_not_lower_the_score_fail() -> None:
    assert not check("good a", [0.0, -1.0]).passed
