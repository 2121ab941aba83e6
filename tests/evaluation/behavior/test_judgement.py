"""Judgements for each kind of test and task, and pass rates whose units are texts."""

import numpy as np
import pytest

from core.evaluation.behavior.definitions import BehaviorTest, Change, Direction, Expectation, Templates
from core.evaluation.behavior.judgement import judge, measure_pass_rate
from core.evaluation.decisions.predictions import Predictions, make_predictions
from core.evaluation.statistics.intervals import wilson_interval
from core.task import Task
from tests.evaluation.cases import BINARY, MULTILABEL, REGRESSION, THREE_CLASSES

TEMPLATES = Templates(("x",))


def predictions(task: Task, *rows: list[float], thresholds: tuple[float, ...] = ()) -> Predictions:
    """Predictions with these probabilities, or values of a regression."""
    values = np.asarray(rows, dtype=np.float64)
    if task.kind == "multilabel":
        values = np.log(values / (1 - values))
    elif task.kind != "regression":
        values = np.log(values)
    return make_predictions(task, values.astype(np.float32), thresholds)


def invariance(margin: float = 0.0) -> BehaviorTest:
    return BehaviorTest("I", "invariance", Change("typos"), None, Expectation(margin=margin))


def direction(way: Direction, label: str = "", margin: float = 0.0) -> BehaviorTest:
    return BehaviorTest("D", "direction", Change("negation"), None, Expectation(label, way, margin))


def minimum(expectation: Expectation) -> BehaviorTest:
    return BehaviorTest("M", "minimum_functionality", None, TEMPLATES, expectation)


def test_an_invariance_compares_labels() -> None:
    before = predictions(THREE_CLASSES, [0.6, 0.3, 0.1], [0.5, 0.4, 0.1], [0.9, 0.05, 0.05])
    after = predictions(THREE_CLASSES, [0.4, 0.35, 0.25], [0.42, 0.48, 0.1], [0.1, 0.8, 0.1])
    judged = judge(invariance(), before, after)
    assert judged.passed.tolist() == [True, False, False]
    assert judged.severity == pytest.approx([0, 0.08, 0.8], abs=1e-6)
    assert judged.score_after == pytest.approx([0.4, 0.42, 0.1], abs=1e-6)
    assert judge(invariance(0.1), before, after).passed.tolist() == [True, True, False]


def test_an_invariance_uses_the_thresholds_of_the_model() -> None:
    before, after = ([0.35, 0.65],), ([0.45, 0.55],)
    assert judge(invariance(), predictions(BINARY, *before), predictions(BINARY, *after)).passed.tolist() == [True]
    with_rule = [predictions(BINARY, *rows, thresholds=(0.6,)) for rows in (before, after)]
    assert judge(invariance(), *with_rule).passed.tolist() == [False]


def test_an_invariance_of_several_labels_needs_all_of_them() -> None:
    before = predictions(MULTILABEL, [0.9, 0.2], [0.9, 0.45], [0.9, 0.3])
    after = predictions(MULTILABEL, [0.6, 0.4], [0.95, 0.55], [0.2, 0.4])
    judged = judge(invariance(), before, after)
    assert judged.passed.tolist() == [True, False, False]
    assert judged.severity == pytest.approx([0, 0.1, 0.7], abs=1e-6)
    assert judge(invariance(0.2), before, after).passed.tolist() == [True, True, False]


def test_an_invariance_of_a_value_has_a_margin() -> None:
    before, after = predictions(REGRESSION, [3.0], [3.0]), predictions(REGRESSION, [3.5], [2.4])
    judged = judge(invariance(0.5), before, after)
    assert judged.passed.tolist() == [True, False]
    assert judged.severity == pytest.approx([0, 0.6], abs=1e-6)


@pytest.mark.parametrize(
    ("way", "margin", "passed"),
    [
        ("rises", 0.0, [True, False, False]),
        ("rises", 0.3, [False, False, False]),
        ("falls", 0.0, [False, True, False]),
        ("falls", 0.3, [False, True, False]),
        ("does not rise", 0.0, [False, True, True]),
        ("does not rise", 0.2, [True, True, True]),
        ("does not fall", 0.0, [True, False, True]),
        ("does not fall", 0.2, [True, False, True]),
    ],
)
def test_a_direction(way: Direction, margin: float, passed: list[bool]) -> None:
    before = predictions(BINARY, [0.5, 0.5], [0.2, 0.8], [0.5, 0.5])
    after = predictions(BINARY, [0.3, 0.7], [0.7, 0.3], [0.5, 0.5])
    assert judge(direction(way, "yes", margin), before, after).passed.tolist() == passed
    values = [predictions(REGRESSION, *([value] for value in rows)) for rows in ((0.5, 0.8, 0.5), (0.7, 0.3, 0.5))]
    assert judge(direction(way, "", margin), *values).passed.tolist() == passed


def test_a_direction_without_a_label_watches_the_label_predicted_before() -> None:
    before = predictions(THREE_CLASSES, [0.8, 0.1, 0.1], [0.1, 0.8, 0.1])
    after = predictions(THREE_CLASSES, [0.5, 0.4, 0.1], [0.05, 0.9, 0.05])
    judged = judge(direction("falls"), before, after)
    assert judged.passed.tolist() == [True, False]
    assert judged.severity == pytest.approx([0, 0.1], abs=1e-6)


def test_minimum_functionality_expects_a_label_or_a_range() -> None:
    classes = predictions(THREE_CLASSES, [0.2, 0.7, 0.1], [0.5, 0.4, 0.1])
    judged = judge(minimum(Expectation("b")), classes, classes)
    assert judged.passed.tolist() == [True, False]
    assert judged.severity == pytest.approx([0, 0.6], abs=1e-6)
    labels = predictions(MULTILABEL, [0.9, 0.9], [0.9, 0.1])
    assert judge(minimum(Expectation("q")), labels, labels).passed.tolist() == [True, False]
    values = predictions(REGRESSION, [1.0], [3.0], [4.5])
    assert judge(minimum(Expectation(low=2.0, high=4.0)), values, values).passed.tolist() == [False, True, False]
    assert judge(minimum(Expectation(low=2.0)), values, values).passed.tolist() == [False, True, True]


def test_a_pass_rate_counts_texts_and_not_their_variants() -> None:
    passed = np.repeat(np.arange(40) % 10 != 0, 3)
    alone = measure_pass_rate(passed, np.arange(120))
    shared = measure_pass_rate(passed, np.repeat(np.arange(40), 3))
    assert (alone.value, shared.value) == (0.9, 0.9)
    assert (alone.units, shared.units, shared.cases) == (120, 40, 120)
    assert alone.interval == pytest.approx(wilson_interval(108, 120))
    # Three equal variants of a text are worth one text.
    assert shared.interval.low < wilson_interval(36, 40).low + 0.005
    assert shared.interval.high > wilson_interval(36, 40).high - 0.005


def test_one_template_says_little_about_others() -> None:
    rate = measure_pass_rate(np.ones(100, dtype=bool), np.zeros(100, dtype=np.intp))
    assert rate.value == 1.0
    assert rate.interval.low < 0.6


def test_a_wanted_rate_is_reached_exactly_and_never_without_cases() -> None:
    nine = measure_pass_rate(np.arange(10) > 0, np.arange(10))
    assert nine.reaches(0.9)
    assert not nine.reaches(0.91)
    assert not measure_pass_rate(np.zeros(0, dtype=bool), np.zeros(0, dtype=np.intp)).reaches(0.0)
