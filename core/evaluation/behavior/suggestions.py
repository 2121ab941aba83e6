"""Behavioral tests to start with, for the texts of a run: those that find enough to change."""

from collections.abc import Sequence

import numpy as np

from core.evaluation.behavior.cases import make_cases
from core.evaluation.behavior.definitions import (
    ENGLISH_CHANGES,
    BehaviorTest,
    Change,
    ChangeKind,
    Expectation,
)
from core.task import Task
from core.types import Targets

# A test with fewer cases says little.
_MIN_CASES = 10
# By how much a predicted value may change, in standard deviations of the actual values.
_TOLERATED_DEVIATIONS = 0.25
_SUGGESTED: dict[ChangeKind, tuple[str, float]] = {
    "typos": ("Typos", 0.9),
    "punctuation": ("Last punctuation mark", 0.95),
    "case": ("Upper and lower case", 0.95),
    "sentence": ("A neutral sentence", 0.9),
    "contractions": ("Contractions", 0.95),
    "names": ("Names of people", 0.95),
    "places": ("Places", 0.9),
}


def suggest_tests(task: Task, texts: Sequence[str], targets: Targets, english: bool) -> tuple[BehaviorTest, ...]:
    """Invariance tests that have cases in these texts; without ``english`` only those that need no English words.

    Args:
        task: what was learned.
        texts: the validation texts.
        targets: their targets, of which a regression takes the spread.
        english: whether the texts are in English.
    """
    expectation = Expectation()
    if task.kind == "regression":
        expectation = Expectation(margin=_two_digits(_TOLERATED_DEVIATIONS * float(np.std(targets))))
    tests = []
    for kind, (name, wanted) in _SUGGESTED.items():
        test = BehaviorTest(name, "invariance", Change(kind), expectation=expectation, wanted=wanted)
        if (english or kind not in ENGLISH_CHANGES) and len(make_cases(test, texts)) >= min(_MIN_CASES, len(texts)):
            tests.append(test)
    return tuple(tests)


def _two_digits(value: float) -> float:
    """The value with two significant digits; 0.01 where it is 0."""
    return float(f"{value:.2g}") or 0.01
