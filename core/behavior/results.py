"""The results of behavioral tests for a run, and how they are stored.

::

    <run>/behavior/results.json      the tests as they were run, under which decision rule, and the name of the next file
    <run>/behavior/cases-….parquet   every case with its predictions
"""

import secrets
from collections.abc import Sequence
from dataclasses import asdict, dataclass, field, replace
from functools import cached_property
from pathlib import Path

import numpy as np
import pandas as pd

from core.decision_rule import DecisionRule
from core.errors import StorageError
from core.evaluation.behavior.comparison import PassRateChange, compare_pass_rates
from core.evaluation.behavior.definitions import BehaviorTest
from core.evaluation.behavior.judgement import PassRate, measure_pass_rate
from core.formatting import format_percent
from core.runs import Run
from core.storage import damaged, parse_record, read_parquet, read_record, write_record
from core.workspace import write_atomically

FOLDER, RESULTS = "behavior", "results.json"
# The columns of the cases. The scores are those of core.evaluation.behavior.judgement.
COLUMNS = {
    "test": np.int64,
    "unit": np.int64,
    "before": str,
    "after": str,
    "passed": np.bool_,
    "severity": np.float64,
    "score_before": np.float64,
    "score_after": np.float64,
    "label_before": str,
    "label_after": str,
}


@dataclass(frozen=True)
class BehaviorResult:
    """A test with its cases (columns ``COLUMNS``); ``problem`` says why it could not be run."""

    test: BehaviorTest
    cases: pd.DataFrame
    problem: str = ""

    @cached_property
    def rate(self) -> PassRate:
        """The pass rate with its interval."""
        return measure_pass_rate(self.cases["passed"].to_numpy(dtype=bool), self.cases["unit"].to_numpy(dtype=np.intp))

    @property
    def passed(self) -> bool:
        """Whether the wanted pass rate is reached; a test that could not be run is not passed."""
        return not self.problem and self.rate.reaches(self.test.wanted)

    @property
    def text(self) -> str:
        """The pass rate with its interval: "94.0% (91 to 96)"; why there is none."""
        if self.problem:
            return self.problem
        low, high = self.rate.interval
        return f"{format_percent(self.rate.value)} ({100 * low:.0f} to {100 * high:.0f})"

    def failures(self) -> pd.DataFrame:
        """The cases that failed, the worst first, and one of each seed text before the others."""
        failed = self.cases[~self.cases["passed"]].sort_values("severity", ascending=False, kind="stable")
        repeated = failed["unit"].duplicated()
        return pd.concat([failed[~repeated], failed[repeated]])


@dataclass(frozen=True)
class BehaviorResults:
    """The tests that were run on a model, under which decision rule and when, and all their cases (columns ``COLUMNS``).

    ``problems`` says by name why tests could not be run.
    """

    tests: tuple[BehaviorTest, ...]
    rule: DecisionRule
    created: str
    cases: pd.DataFrame
    problems: dict[str, str] = field(default_factory=dict)

    @cached_property
    def results(self) -> list[BehaviorResult]:
        """The result of each test, in their order."""
        return [
            BehaviorResult(test, self.cases[self.cases["test"] == number], self.problems.get(test.name, ""))
            for number, test in enumerate(self.tests)
        ]

    @property
    def passed(self) -> bool:
        """Whether every test reaches its wanted pass rate."""
        return all(result.passed for result in self.results)

    def changes_from(self, earlier: "BehaviorResults") -> dict[str, PassRateChange]:
        """By name of a test, how its pass rate changed from that of an earlier run, where both ran the same cases."""
        by_content = {result.test.content: result for result in earlier.results}
        changes = {}
        for result in self.results:
            before = by_content.get(result.test.content)
            change = compare_pass_rates(before.cases, result.cases) if before else None
            if change is not None:
                changes[result.test.name] = change
        return changes


@dataclass(frozen=True)
class _StoredResults:
    tests: tuple[BehaviorTest, ...]
    rule: DecisionRule
    created: str
    problems: dict[str, str]
    cases: str


def save_results(run: Run, results: BehaviorResults) -> None:
    """Replace the results of a run. Readers see the old ones or the new ones.

    Raises:
        StudioError: a file cannot be written.
    """
    folder = run.folder / FOLDER
    file = f"cases-{secrets.token_hex(4)}.parquet"
    write_atomically(folder / file, lambda path: results.cases.to_parquet(path, index=False))
    stored = _StoredResults(results.tests, results.rule, results.created, results.problems, file)
    write_record(folder / RESULTS, asdict(stored))
    for old in folder.glob("cases-*.parquet"):
        if old.name != file:
            old.unlink(missing_ok=True)


def read_results(run: Run) -> BehaviorResults | None:
    """The results of a run; None while there are none, or where they are damaged: the tests can be run again.

    The wanted pass rates are those at the time of the run.
    """
    path = run.folder / FOLDER / RESULTS
    try:
        return _read(path) if path.exists() else None
    except StorageError:
        return None


def _read(path: Path) -> BehaviorResults:
    stored = parse_record(_StoredResults, read_record(path), path)
    if Path(stored.cases).name != stored.cases:
        raise damaged(path, "it names a file of another folder")
    cases_path = path.with_name(stored.cases)
    cases = read_parquet(cases_path, tuple(COLUMNS))
    try:
        cases = cases[list(COLUMNS)].astype(COLUMNS)
    except (TypeError, ValueError) as error:
        raise damaged(cases_path, "a column has the wrong type") from error
    if not cases["test"].between(0, len(stored.tests) - 1).all():
        raise damaged(cases_path, "it does not fit the tests")
    return BehaviorResults(stored.tests, stored.rule, stored.created, cases, stored.problems)


def with_wanted(results: BehaviorResults, tests: Sequence[BehaviorTest]) -> BehaviorResults:
    """The results with the names and wanted pass rates that tests with the same content have now."""
    now = {test.content: test for test in tests}
    renamed = tuple(now.get(test.content, test) for test in results.tests)
    problems = {
        new.name: results.problems[old.name]
        for old, new in zip(results.tests, renamed, strict=True)
        if old.name in results.problems
    }
    return replace(results, tests=renamed, problems=problems)


def previous_results(run: Run, runs: Sequence[Run]) -> tuple[Run, BehaviorResults] | None:
    """The last run before this one on the same dataset that has results, and these; None if there is none."""
    earlier = [
        other
        for other in runs
        if other.dataset.id == run.dataset.id and other.task == run.task and other.created < run.created
    ]
    for other in sorted(earlier, key=lambda other: other.created, reverse=True):
        results = read_results(other)
        if results is not None:
            return other, results
    return None
