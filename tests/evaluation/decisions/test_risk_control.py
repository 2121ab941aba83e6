"""Guarantees: by hand, and broken in fewer cases than the stated risk."""

import numpy as np
import pytest

from core.evaluation.decisions.abstention import choose_guaranteed_threshold
from core.evaluation.decisions.risk_control import guaranteed_rows


def test_rows_without_a_mistake_by_hand() -> None:
    # 0.9 ** 22 is the first power below 0.1.
    scores = np.linspace(0, 1, 22)
    assert guaranteed_rows(scores, np.ones(22, dtype=bool), 0.9) == (22, 22)
    assert guaranteed_rows(scores[:21], np.ones(21, dtype=bool), 0.9).answered == 0
    assert guaranteed_rows(scores[:0], np.ones(0, dtype=bool), 0.9).answered == 0


def test_mistakes_end_the_sequence_and_equal_scores_stay_together() -> None:
    correct = np.ones(400, dtype=bool)
    correct[300:] = False
    scores = np.linspace(1, 0, 400)
    answered = guaranteed_rows(scores, correct, 0.9).answered
    assert 250 < answered < 330
    tied = np.round(scores, 1)
    assert guaranteed_rows(tied, correct, 0.9).answered in np.cumsum(np.unique(-tied, return_counts=True)[1])


@pytest.mark.parametrize("target", [0.9, 0.95])
def test_the_guarantee_is_broken_less_often_than_its_risk(target: float) -> None:
    def draw(rows: int, seed: int) -> tuple[np.ndarray, np.ndarray]:
        rng = np.random.default_rng(seed)
        probability = rng.beta(5, 0.6, rows)
        return probability**2, rng.random(rows) < probability

    confidence, correct = draw(50_000, 0)
    broken = []
    for seed in range(1, 101):
        choice = choose_guaranteed_threshold(*draw(400, seed), target)
        if np.isfinite(choice.threshold):
            broken.append(correct[confidence >= choice.threshold].mean() < target)
    assert len(broken) > 50
    assert np.mean(broken) <= 0.1


def test_too_few_rows_say_how_many_are_needed() -> None:
    choice = choose_guaranteed_threshold(np.linspace(0.5, 1, 20), np.ones(20, dtype=bool), 0.95)
    assert choice.answered == 0
    assert choice.note.startswith(
        "20 validation rows cannot guarantee 95%: at least 45 predictions without a mistake are"
    )
