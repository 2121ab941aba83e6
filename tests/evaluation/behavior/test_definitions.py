"""What a test must say, and which tests make sense for which kind of task."""

from typing import Any

import pytest

from core.errors import ConfigError
from core.evaluation.behavior.definitions import (
    MAX_TESTS,
    MAX_WORDS,
    BehaviorTest,
    Change,
    Expectation,
    Templates,
    WordList,
    check_for_task,
    check_tests,
)
from core.task import Task
from tests.finished import TASKS

TYPOS = BehaviorTest("Typos", "invariance", Change("typos"))
TEMPLATE = Templates(("I love it.",))


@pytest.mark.parametrize(
    ("parts", "message"),
    [
        ({"name": " "}, "needs a name"),
        ({"name": "x" * 81}, "at most 80 characters"),
        ({"wanted": 1.2}, "between 0 and 1"),
        ({"change": None}, "changes nothing"),
        ({"kind": "minimum_functionality"}, "needs templates and no change"),
        ({"kind": "minimum_functionality", "templates": TEMPLATE}, "needs templates and no change"),
    ],
)
def test_a_test_that_says_too_little_is_refused(parts: dict[str, Any], message: str) -> None:
    complete: dict[str, Any] = {"name": "Typos", "kind": "invariance", "change": Change("typos")}
    with pytest.raises(ConfigError, match=message):
        BehaviorTest(**(complete | parts))


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: Change("swap", ("one",)), "two or more words"),
        (lambda: Change("words"), "no word to replace"),
        (lambda: Change("words", replacements=(("good", " "),)), "is empty"),
        (lambda: Change("typos", amount=6), "1 to 5 typos"),
        (lambda: Change("names", ("x",) * (MAX_WORDS + 1)), f"at most {MAX_WORDS} values"),
        (lambda: Change("sentence", ("x" * 1_001,)), "more than 1,000 characters"),
        (lambda: WordList("two words", ("a",)), "not a name"),
        (lambda: WordList("verb", ()), "has no words"),
        (lambda: Templates((" ",)), "no template"),
        (lambda: Templates(("a",), (WordList("a", ("b",)), WordList("a", ("c",)))), "the same name"),
        (lambda: Expectation(margin=-0.1), "0 or more"),
        (lambda: Expectation(margin=float("nan")), "0 or more"),
        (lambda: Expectation(low=2.0, high=1.0), "not a range"),
        (lambda: Expectation(low=float("inf")), "not a range"),
    ],
)
def test_parts_out_of_range_are_refused(make: Any, message: str) -> None:
    with pytest.raises(ConfigError, match=message):
        make()


def test_a_dataset_has_a_bounded_number_of_tests_with_different_names() -> None:
    many = tuple(BehaviorTest(f"Test {i}", "invariance", Change("typos")) for i in range(MAX_TESTS + 1))
    check_tests(many[:-1])
    with pytest.raises(ConfigError, match="can have 50"):
        check_tests(many)
    with pytest.raises(ConfigError, match="two tests with the name 'Typos'"):
        check_tests((TYPOS, TYPOS))


def minimum(**expectation: Any) -> BehaviorTest:
    return BehaviorTest("M", "minimum_functionality", None, TEMPLATE, Expectation(**expectation))


def direction(**expectation: Any) -> BehaviorTest:
    return BehaviorTest("D", "direction", Change("negation"), None, Expectation(**expectation))


@pytest.mark.parametrize(
    ("kind", "test"),
    [
        ("binary", TYPOS),
        ("binary", minimum(label="yes")),
        ("multiclass", direction()),
        ("multilabel", TYPOS),
        ("multilabel", direction(label="red")),
        ("regression", BehaviorTest("T", "invariance", Change("typos"), None, Expectation(margin=0.5))),
        ("regression", direction()),
        ("regression", minimum(low=3.0)),
    ],
)
def test_tests_that_fit_a_task(kind: str, test: BehaviorTest) -> None:
    check_for_task(test, TASKS[kind])


@pytest.mark.parametrize(
    ("task", "test", "message"),
    [
        (TASKS["binary"], minimum(label="maybe"), "'maybe' is not one of the model's 2 labels"),
        (TASKS["binary"], minimum(), "which label is meant"),
        (TASKS["multilabel"], direction(), "which label is meant"),
        (TASKS["regression"], TYPOS, "always changes a little"),
        (TASKS["regression"], direction(label="red"), "has no labels"),
        (TASKS["regression"], minimum(), "which values are right"),
    ],
)
def test_a_test_that_makes_no_sense_for_a_task_is_refused(task: Task, test: BehaviorTest, message: str) -> None:
    with pytest.raises(ConfigError, match=message):
        check_for_task(test, task)
