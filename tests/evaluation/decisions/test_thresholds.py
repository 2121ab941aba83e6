"""Thresholds: the best of all by trying each, and what is done where there is nothing to choose by."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.special import logit
from sklearn import metrics as sk

from core.errors import ConfigError
from core.evaluation.decisions.thresholds import decide, for_costs, for_f1, for_precision, probabilities
from core.task import Floats, Task

TWO = Task("binary", ("no", "yes"))
LABELS = Task("multilabel", ("p", "q"))
ROWS = st.lists(st.tuples(st.booleans(), st.integers(1, 9)), min_size=1, max_size=25)


def of_two(chances: list[float]) -> Floats:
    """Logits that give the second class these probabilities."""
    return np.asarray([[0, logit(chance)] for chance in chances], dtype=np.float32)


def every_answer(chances: list[float]) -> list[np.ndarray]:
    limits = [0, *sorted(set(chances))]
    return [np.asarray([chance > limit + 1e-6 for chance in chances]) for limit in limits]


@settings(max_examples=30, deadline=None)
@given(ROWS)
def test_no_other_threshold_is_better(rows: list[tuple[bool, int]]) -> None:
    targets, chances = np.asarray([int(t) for t, _ in rows]), [c / 10 for _, c in rows]
    choice = for_f1(TWO, targets, of_two(chances))
    answers = decide(TWO, of_two(chances), choice.thresholds)
    if 0 < targets.sum() < len(targets):
        best = max(sk.f1_score(targets, each, zero_division=0) for each in every_answer(chances))
        assert sk.f1_score(targets, answers, zero_division=0) == pytest.approx(best)
        assert choice.expected["f1"][0] == pytest.approx(best)
        cheapest = for_costs(TWO, targets, of_two(chances), 1, 3)
        paid = cheapest.expected["false_positives"][0] + 3 * cheapest.expected["false_negatives"][0]
        assert paid == min(
            (each & (targets == 0)).sum() + 3 * (~each & (targets == 1)).sum() for each in every_answer(chances)
        )
    else:
        assert choice.thresholds.tolist() == [0.5]
        assert "stays at 0.5" in choice.expected["note"][0]


def test_a_wanted_precision() -> None:
    targets, chances = np.asarray([0, 1, 0, 1, 1]), [0.1, 0.3, 0.6, 0.7, 0.9]
    choice = for_precision(TWO, targets, of_two(chances), 0.9)
    # Above 0.6 all are right and two of three are found.
    assert 0.6 < choice.thresholds[0] < 0.7
    assert list(choice.expected.loc[0, ["precision", "recall"]]) == pytest.approx([1, 2 / 3])
    assert choice.expected["precision_low"][0] < 0.5
    unreachable = for_precision(TWO, np.asarray([0, 1, 0]), of_two([0.2, 0.4, 0.8]), 0.9)
    assert unreachable.expected["note"][0] == "A precision of 90% is never reached; the best is 50%."


def test_ties_stay_near_what_the_model_does_by_itself() -> None:
    # Any threshold between 0.2 and 0.8 is perfect.
    assert for_f1(TWO, np.asarray([0, 1]), of_two([0.2, 0.8])).thresholds.tolist() == [0.5]


def test_costs_move_the_threshold() -> None:
    targets, chances = np.asarray([0, 1, 0, 1]), [0.2, 0.3, 0.6, 0.9]
    assert for_costs(TWO, targets, of_two(chances), 10, 1).thresholds[0] > 0.6
    assert for_costs(TWO, targets, of_two(chances), 1, 10).thresholds[0] < 0.3


def test_each_label_has_its_own() -> None:
    targets = np.asarray([[1, 0], [1, 0], [0, 0]])
    logits = logit(np.asarray([[0.3, 0.1], [0.4, 0.2], [0.1, 0.9]])).astype(np.float32)
    choice = for_f1(LABELS, targets, logits)
    assert 0.1 < choice.thresholds[0] < 0.3
    assert choice.thresholds[1] == 0.5
    assert choice.expected["note"].tolist() == ["", "No row carries this label, so the threshold stays at 0.5."]
    assert decide(LABELS, logits, choice.thresholds)[:, 0].tolist() == [1, 1, 0]


def test_half_is_what_the_task_does() -> None:
    logits = np.random.default_rng(0).normal(size=(50, 2)).astype(np.float32)
    for task in (TWO, LABELS):
        assert (decide(task, logits, 0.5) == task.decide(logits)).all()
    assert probabilities(TWO, logits).shape == (50, 1)


def test_what_cannot_be_asked() -> None:
    targets, logits = np.asarray([0, 1]), of_two([0.2, 0.8])
    with pytest.raises(ConfigError, match="between 0 and 1, found 2"):
        for_precision(TWO, targets, logits, 2)
    with pytest.raises(ConfigError, match="cannot be negative"):
        for_costs(TWO, targets, logits, -1, 1)
    with pytest.raises(ConfigError, match="Expected 2 thresholds, found 3"):
        decide(LABELS, logits, np.asarray([0.1, 0.2, 0.3]))
    with pytest.raises(ConfigError, match="two classes or for any number"):
        for_f1(Task("multiclass", ("a", "b", "c")), targets, logits)
