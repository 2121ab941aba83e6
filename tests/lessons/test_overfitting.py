"""Step 6: the head learns its sentences by heart, and the three remedies do what the page says."""

from dataclasses import replace

import pandas as pd
import pytest

from core.lessons.overfitting import encode_reviews, train_head
from core.lessons.reviews import HELD_OUT, PATIENCE, STEPS, TRAIN, HeadSettings, Reviews, best_step


@pytest.fixture(scope="module")
def reviews() -> Reviews:
    return encode_reviews()


@pytest.fixture(scope="module")
def overfitted(reviews: Reviews) -> pd.DataFrame:
    return train_head(reviews, HeadSettings())


def test_no_review_is_in_both_sets() -> None:
    assert not {text for text, _ in TRAIN} & {text for text, _ in HELD_OUT}
    assert sum(target for _, target in TRAIN) == len(TRAIN) / 2


def test_the_training_loss_vanishes_and_the_held_out_loss_rises(overfitted: pd.DataFrame) -> None:
    last = overfitted.iloc[-1]
    assert last["step"] == STEPS
    assert last["train_loss"] < 1e-4
    assert last["held_out_loss"] > 3 * overfitted["held_out_loss"].min()
    assert best_step(overfitted) < 10


def test_a_small_learning_rate_and_dropout_overfit_less(reviews: Reviews, overfitted: pd.DataFrame) -> None:
    final = overfitted["held_out_loss"].iloc[-1]
    slow = train_head(reviews, HeadSettings(learning_rate=1e-4))
    assert best_step(slow) == STEPS
    assert slow["held_out_loss"].iloc[-1] < final / 3
    dropped = train_head(reviews, HeadSettings(dropout=0.8))
    assert dropped["held_out_loss"].iloc[-1] < final


def test_early_stopping_ends_after_its_patience(reviews: Reviews, overfitted: pd.DataFrame) -> None:
    stopped = train_head(reviews, HeadSettings(early_stopping=True))
    assert len(stopped) - 1 == best_step(overfitted) + PATIENCE
    pd.testing.assert_frame_equal(stopped, overfitted.head(len(stopped)))


def test_progress_is_reported_and_the_seed_counts(reviews: Reviews, overfitted: pd.DataFrame) -> None:
    reported: list[int] = []
    again = train_head(reviews, HeadSettings(), lambda history: reported.append(len(history)))
    assert reported == list(range(1, STEPS + 2, 10))
    pd.testing.assert_frame_equal(again, overfitted)
    other = train_head(reviews, replace(HeadSettings(), seed=1))
    assert other["train_loss"].iloc[0] != overfitted["train_loss"].iloc[0]
