"""Agreement, scores and margins of two sets of logits."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.decision_rule import DecisionRule
from core.models.engines.agreement import agreement, check_close_decisions, margins, score
from core.task import Floats, Task
from tests.models.engines.cases import TASKS

BINARY, MULTICLASS, MULTILABEL, REGRESSION = TASKS
PLAIN = DecisionRule()
# A rule for each task that decides, with thresholds and abstention.
RULES = {
    BINARY: DecisionRule((0.8,), 0.6),
    MULTICLASS: DecisionRule((), 0.7),
    MULTILABEL: DecisionRule((0.1, 0.5, 0.9, 0.3), 0.55),
}


def floats(rows: list[list[float]]) -> Floats:
    return np.asarray(rows, dtype=np.float32)


def test_one_label_agrees_if_the_class_is_the_same() -> None:
    expected = floats([[1, 0, 0], [0, 1, 0], [0, 0, 1]])
    logits = floats([[9, 8, 0], [1, 0, 0], [-2, -3, -1]])
    assert agreement(MULTICLASS, PLAIN, expected, logits).tolist() == [True, False, True]


def test_several_labels_agree_if_all_decisions_are_the_same() -> None:
    expected = floats([[1, -1, 1, -1], [1, -1, 1, -1]])
    assert agreement(MULTILABEL, PLAIN, expected, floats([[3, -0.1, 2, -5], [1, 0.1, 1, -1]])).tolist() == [True, False]


def test_values_agree_within_a_twentieth_of_their_spread() -> None:
    expected = floats([[0.0], [2.0]])  # standard deviation 1
    assert agreement(REGRESSION, PLAIN, expected, floats([[0.049], [2.051]])).tolist() == [True, False]
    assert agreement(REGRESSION, PLAIN, floats([[5.0], [5.0]]), floats([[5.0], [5.1]])).tolist() == [True, False]


def test_scores_are_accuracy_micro_f1_and_r2() -> None:
    assert score(MULTICLASS, PLAIN, floats([[1, 0, 0], [0, 1, 0]]), np.asarray([0, 2])) == 0.5
    targets = np.asarray([[1, 1, 0, 0], [0, 0, 1, 0]], dtype=np.float32)
    assert score(MULTILABEL, PLAIN, floats([[1, -1, -1, -1], [-1, -1, 1, 1]]), targets) == pytest.approx(2 / 3)
    assert score(REGRESSION, PLAIN, floats([[1.0], [3.0]]), np.asarray([1.0, 2.0])) == pytest.approx(-1.0)
    assert score(MULTILABEL, PLAIN, -np.ones((1, 4), np.float32), np.zeros((1, 4), np.float32)) == 1.0
    assert score(REGRESSION, PLAIN, floats([[1.0]]), np.asarray([1.0])) == 0.0


def test_margins_measure_how_clear_a_decision_is() -> None:
    assert margins(MULTICLASS, PLAIN, floats([[3, 1, 2], [0, 5, 0]])).tolist() == [1, 5]
    assert margins(BINARY, PLAIN, floats([[-1, 1.5]])).tolist() == [2.5]
    assert margins(MULTILABEL, PLAIN, floats([[3, -1, 2, 9]])).tolist() == [1]
    assert margins(REGRESSION, PLAIN, floats([[3]])).tolist() == [np.inf]


def test_saved_thresholds_decide_what_agrees() -> None:
    expected, logits = floats([[0, 1], [0, 3]]), floats([[0, 2], [0, 2]])  # 0.73 and 0.95 against 0.88
    assert agreement(BINARY, PLAIN, expected, logits).tolist() == [True, True]
    assert agreement(BINARY, DecisionRule((0.8,)), expected, logits).tolist() == [False, True]
    assert score(BINARY, DecisionRule((0.8,)), logits, np.asarray([0, 1])) == 0.5
    labels = DecisionRule((0.9, 0.5, 0.5, 0.5))
    assert agreement(MULTILABEL, labels, floats([[1, -1, -1, -1]]), floats([[3, -1, -1, -1]])).tolist() == [False]
    assert agreement(MULTILABEL, labels, floats([[-1, -1, -1, -1]]), floats([[1, -1, -1, -1]])).tolist() == [True]


def test_not_sure_is_a_decision_too() -> None:
    expected, logits = floats([[3, 0, 0]]), floats([[1, 0, 0]])  # 0.91 and 0.58
    assert agreement(MULTICLASS, PLAIN, expected, logits).all()
    assert not agreement(MULTICLASS, DecisionRule(abstain_below=0.7), expected, logits).any()


def test_margins_are_measured_from_thresholds_and_from_abstention() -> None:
    even = float(np.log(4))  # the log-odds of 0.8
    assert margins(BINARY, DecisionRule((0.8,)), floats([[0, even], [0, 0]])) == pytest.approx([0, even], abs=1e-6)
    assert margins(MULTILABEL, DecisionRule((0.8,)), floats([[even + 1, -5, -5, -5]])) == pytest.approx([1])
    # The first class has 0.8 against two others that share the rest.
    close = floats([[np.log(8), 0, 0]])
    assert margins(MULTICLASS, DecisionRule(abstain_below=0.8), close) == pytest.approx([0], abs=1e-6)
    assert margins(MULTICLASS, PLAIN, close) == pytest.approx([np.log(8)])


@given(st.integers(0, 1000), st.floats(0, 0.5), st.sampled_from([BINARY, MULTICLASS, MULTILABEL]), st.booleans())
def test_checking_below_the_limit_makes_all_seen_decisions_agree(
    seed: int, noise: float, task: Task, plain: bool
) -> None:
    rule = PLAIN if plain else RULES[task]
    rng = np.random.default_rng(seed)
    expected = rng.normal(size=(200, task.outputs)).astype(np.float32)
    logits = expected + noise * rng.normal(size=expected.shape).astype(np.float32)
    limit = check_close_decisions(task, rule, expected, logits).recheck_below
    merged = np.where((margins(task, rule, logits) < limit)[:, None], expected, logits)
    assert agreement(task, rule, expected, merged).all()


def test_checking_costs_little_and_is_judged_on_other_rows() -> None:
    rng = np.random.default_rng(0)
    expected = rng.normal(scale=4, size=(1000, 3)).astype(np.float32)
    logits = expected + rng.normal(scale=0.05, size=expected.shape).astype(np.float32)
    checked = check_close_decisions(MULTICLASS, PLAIN, expected, logits)
    assert 0 < checked.share < 0.1
    assert agreement(MULTICLASS, PLAIN, expected, checked.logits).mean() >= 0.998
    # Rows that were not computed again keep their logits.
    assert (checked.logits == logits).all(axis=1).mean() == pytest.approx(1 - checked.share)


def test_equal_logits_need_no_check() -> None:
    logits = np.random.default_rng(0).normal(size=(50, 3)).astype(np.float32)
    checked = check_close_decisions(MULTICLASS, PLAIN, logits, logits)
    assert (checked.recheck_below, checked.share) == (0.0, 0.0)
