"""Suggested tests fit the texts: their language, what there is to change, and the spread of the values."""

import numpy as np

from core.evaluation.behavior.cases import make_cases
from core.evaluation.behavior.definitions import BehaviorTest, check_for_task
from core.evaluation.behavior.suggestions import suggest_tests
from core.task import Task
from tests.finished import TASKS

PLAIN = [f"please send number {i} to the clinic" for i in range(30)]


def names(tests: tuple[BehaviorTest, ...]) -> list[str]:
    return [test.name for test in tests]


def suggest(task: Task, texts: list[str], english: bool = True) -> tuple[BehaviorTest, ...]:
    return suggest_tests(task, texts, np.arange(len(texts), dtype=np.float64) % 2, english)


def test_only_changes_that_occur_are_suggested() -> None:
    plain = ["Typos", "Last punctuation mark", "Upper and lower case", "A neutral sentence"]
    assert names(suggest(TASKS["binary"], PLAIN)) == plain
    assert names(suggest(TASKS["binary"], PLAIN, english=False)) == plain[:3]
    spoken = [f"I don't know if Mary {i} is in London" for i in range(30)]
    assert names(suggest(TASKS["binary"], spoken)) == [*plain, "Contractions", "Names of people", "Places"]
    assert "Upper and lower case" not in names(suggest(TASKS["binary"], ["很好"] * 30))


def test_every_suggestion_can_be_run() -> None:
    for task in TASKS.values():
        for test in suggest(task, PLAIN):
            check_for_task(test, task)
            assert len(make_cases(test, PLAIN)) >= 10


def test_a_value_may_move_by_a_quarter_of_its_spread() -> None:
    margins = {test.expectation.margin for test in suggest(TASKS["regression"], PLAIN)}
    assert margins == {0.12}
