"""Agreement, scores and margins of two sets of logits."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.models.engines.agreement import agreement, check_close_decisions, margins, score
from core.task import Floats
from tests.models.engines.cases import TASKS

BINARY, MULTICLASS, MULTILABEL, REGRESSION = TASKS


def floats(rows: list[list[float]]) -> Floats:
    return np.asarray(rows, dtype=np.float32)


def test_one_label_agrees_if_the_class_is_the_same() -> None:
    expected = floats([[1, 0, 0], [0, 1, 0], [0, 0, 1]])
    logits = floats([[9, 8, 0], [1, 0, 0], [-2, -3, -1]])
    assert agreement(MULTICLASS, expected, logits).tolist() == [True, False, True]


def test_several_labels_agree_if_all_decisions_are_the_same() -> None:
    expected = floats([[1, -1, 1, -1], [1, -1, 1, -1]])
    assert agreement(MULTILABEL, expected, floats([[3, -0.1, 2, -5], [1, 0.1, 1, -1]])).tolist() == [True, False]


def test_values_agree_within_a_twentieth_of_their_spread() -> None:
    expected = floats([[0.0], [2.0]])  # standard deviation 1
    assert agreement(REGRESSION, expected, floats([[0.049], [2.051]])).tolist() == [True, False]
    assert agreement(REGRESSION, floats([[5.0], [5.0]]), floats([[5.0], [5.1]])).tolist() == [True, False]


def test_scores_are_accuracy_micro_f1_and_r2() -> None:
    assert score(MULTICLASS, floats([[1, 0, 0], [0, 1, 0]]), np.asarray([0, 2])) == 0.5
    targets = np.asarray([[1, 1, 0, 0], [0, 0, 1, 0]], dtype=np.float32)
    assert score(MULTILABEL, floats([[1, -1, -1, -1], [-1, -1, 1, 1]]), targets) == pytest.approx(2 / 3)
    assert score(REGRESSION, floats([[1.0], [3.0]]), np.asarray([1.0, 2.0])) == pytest.approx(-1.0)
    assert score(MULTILABEL, -np.ones((1, 4), np.float32), np.zeros((1, 4), np.float32)) == 1.0
    assert score(REGRESSION, floats([[1.0]]), np.asarray([1.0])) == 0.0


def test_margins_measure_how_clear_a_decision_is() -> None:
    assert margins(MULTICLASS, floats([[3, 1, 2], [0, 5, 0]])).tolist() == [1, 5]
    assert margins(BINARY, floats([[-1, 1.5]])).tolist() == [2.5]
    assert margins(MULTILABEL, floats([[3, -1, 2, 9]])).tolist() == [1]
    assert margins(REGRESSION, floats([[3]])).tolist() == [np.inf]


@given(st.integers(0, 1000), st.floats(0, 0.5), st.sampled_from([BINARY, MULTICLASS, MULTILABEL]))
def test_checking_below_the_limit_makes_all_seen_decisions_agree(seed: int, noise: float, task: object) -> None:
    task = next(known for known in TASKS if known == task)
    rng = np.random.default_rng(seed)
    expected = rng.normal(size=(200, task.outputs)).astype(np.float32)
    logits = expected + noise * rng.normal(size=expected.shape).astype(np.float32)
    limit = check_close_decisions(task, expected, logits).recheck_below
    merged = np.where((margins(task, logits) < limit)[:, None], expected, logits)
    assert agreement(task, expected, merged).all()


def test_checking_costs_little_and_is_judged_on_other_rows() -> None:
    rng = np.random.default_rng(0)
    expected = rng.normal(scale=4, size=(1000, 3)).astype(np.float32)
    logits = expected + rng.normal(scale=0.05, size=expected.shape).astype(np.float32)
    checked = check_close_decisions(MULTICLASS, expected, logits)
    assert 0 < checked.share < 0.1
    assert agreement(MULTICLASS, expected, checked.logits).mean() >= 0.998
    # Rows that were not computed again keep their logits.
    assert (checked.logits == logits).all(axis=1).mean() == pytest.approx(1 - checked.share)


def test_equal_logits_need_no_check() -> None:
    logits = np.random.default_rng(0).normal(size=(50, 3)).astype(np.float32)
    checked = check_close_decisions(MULTICLASS, logits, logits)
    assert (checked.recheck_below, checked.share) == (0.0, 0.0)
