"""The same cases with two models."""

import pandas as pd
import pytest

from core.evaluation.behavior.comparison import compare_pass_rates


def cases(passed: list[bool], start: int = 0, units: int = 1) -> pd.DataFrame:
    """Cases with numbers from ``start``; ``units`` of them share a text."""
    numbers = range(start, start + len(passed))
    return pd.DataFrame(
        {
            "before": [f"text {i // units}" for i in numbers],
            "after": [f"changed {i}" for i in numbers],
            "unit": [i // units for i in numbers],
            "passed": passed,
        }
    )


def test_many_changes_in_one_direction_are_better() -> None:
    change = compare_pass_rates(cases([False] * 10 + [True] * 30), cases([True] * 40))
    assert change is not None
    assert (change.before, change.after, change.cases, change.better) == (0.75, 1.0, 40, True)
    assert change.text == "75.0% → 100.0%"
    # McNemar: ten cases improved and none got worse.
    assert change.p_value == pytest.approx(2 * 0.5**10)
    assert "on 40 shared cases: better (p = 0.002)" in change.sentence


def test_variants_of_one_text_are_no_evidence() -> None:
    earlier, later = [False] * 10 + [True] * 30, [True] * 40
    change = compare_pass_rates(cases(earlier, units=10), cases(later, units=10))
    assert change is not None
    assert (change.p_value, change.better) == (1.0, None)
    assert "cannot tell" in change.sentence


def test_only_shared_cases_count() -> None:
    change = compare_pass_rates(cases([False] * 20, start=10), cases([True] * 20))
    assert change is not None
    assert (change.before, change.after, change.cases) == (0.0, 1.0, 10)
    assert compare_pass_rates(cases([True]), cases([True], start=5)) is None
