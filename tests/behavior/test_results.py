"""Results on disk, failures in their order, and the change from the previous run."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from core.behavior.execution import run_tests
from core.behavior.results import (
    FOLDER,
    RESULTS,
    BehaviorResults,
    previous_results,
    read_results,
    save_results,
    with_wanted,
)
from core.behavior.suite import save_tests
from core.data.dataset import find_dataset
from core.runs import Run
from core.storage import write_record
from core.workspace import Workspace
from tests.behavior.cases import TYPOS, LetterModel, make_tests
from tests.finished import finished


def results_of(run: Run, change: float = 0.8) -> BehaviorResults:
    return run_tests(run, make_tests(run), LetterModel(run.task, change).logits)


def cases_files(run: Run) -> list[Path]:
    return sorted((run.folder / FOLDER).glob("cases-*.parquet"))


@pytest.fixture
def run(workspace: Workspace) -> Run:
    return finished(workspace, "binary")


def test_results_are_read_as_they_were_saved(run: Run) -> None:
    assert read_results(run) is None
    save_results(run, results_of(run))
    results = results_of(run, change=0.2)
    save_results(run, results)
    stored = read_results(run)
    assert stored is not None
    assert (stored.tests, stored.rule, stored.created) == (results.tests, results.rule, results.created)
    pd.testing.assert_frame_equal(stored.cases, results.cases)
    assert len(cases_files(run)) == 1


def test_damaged_results_count_as_none(run: Run) -> None:
    save_results(run, results_of(run))
    (file,) = cases_files(run)
    cases = pd.read_parquet(file)
    for damaged in (cases.drop(columns="unit"), cases.assign(test=99), cases.assign(severity="much")):
        damaged.to_parquet(file, index=False)
        assert read_results(run) is None
    cases.to_parquet(file, index=False)
    assert read_results(run) is not None
    file.unlink()
    assert read_results(run) is None


def test_results_do_not_lead_to_a_file_elsewhere(run: Run, tmp_path: Path) -> None:
    results = results_of(run)
    save_results(run, results)
    (file,) = cases_files(run)
    outside = file.rename(tmp_path / file.name)
    for name in (str(outside), f"../../../../{outside.name}"):
        record = {"tests": [], "rule": {}, "created": "", "problems": {}, "cases": name}
        write_record(run.folder / FOLDER / RESULTS, record)
        assert read_results(run) is None


def test_the_worst_failure_of_each_text_comes_first(run: Run) -> None:
    result = next(result for result in results_of(run, 3.0).results if result.test.name == "Typos")
    failures = result.failures()
    assert len(failures) == result.rate.cases - result.rate.passed > 20
    texts = failures["unit"].nunique()
    assert texts < len(failures)
    assert not failures["unit"].head(texts).duplicated().any()
    assert failures["severity"].head(texts).is_monotonic_decreasing
    assert failures["severity"].iloc[0] == result.cases["severity"].max() > 0


def test_a_run_is_compared_with_the_last_one_before_it_on_the_same_dataset(workspace: Workspace, run: Run) -> None:
    others = [finished(workspace, "binary", f"Run {i}") for i in range(3)]
    dated = [
        replace(each, created=f"2026-01-0{day}", dataset=run.dataset)
        for day, each in enumerate([run, *others], start=1)
    ]
    elsewhere = replace(dated[1], dataset=replace(run.dataset, id="other"))
    for each, change in zip(dated[:2], (0.3, 1.5), strict=True):
        save_results(each, results_of(each, change))
    assert previous_results(dated[0], dated) is None
    found = previous_results(dated[3], dated)
    assert found is not None
    assert found[0] == dated[1]
    found = previous_results(dated[2], [dated[0], elsewhere, *dated[2:]])
    assert found is not None
    assert found[0] == dated[0]


def test_the_change_is_measured_on_the_same_cases_of_the_same_test(run: Run) -> None:
    earlier, later = results_of(run, 3.0), results_of(run, 0.2)
    renamed = with_wanted(later, [replace(later.tests[0], name="Slips", wanted=0.5)])
    assert [test.name for test in renamed.tests][:2] == ["Slips", "Numbers"]
    changes = renamed.changes_from(earlier)
    assert set(changes) == {test.name for test in renamed.tests}
    first, second = (each.results[0].rate.value for each in (earlier, later))
    assert (changes["Slips"].before, changes["Slips"].after) == pytest.approx((first, second))
    assert changes["Slips"].better is True
    other = replace(earlier, tests=(replace(TYPOS, wanted=0.1), *earlier.tests[1:]))
    assert "Slips" not in renamed.changes_from(other)


def test_a_test_that_could_not_be_run_keeps_its_reason_under_another_name(run: Run) -> None:
    wrong = replace(make_tests(run)[-1], expectation=replace(make_tests(run)[-1].expectation, label="maybe"))
    save_tests(find_dataset(Workspace(run.folder.parents[1], run.folder.parents[3]), run.dataset.id), (wrong,))
    results = run_tests(run, (wrong, TYPOS), LetterModel(run.task).logits)
    assert "'maybe' is not one of the model's 2 labels" in results.results[0].text
    assert not results.results[0].passed
    renamed = with_wanted(results, [replace(wrong, name="Other")])
    assert renamed.problems == {"Other": results.problems[wrong.name]}
    save_results(run, results)
    stored = read_results(run)
    assert stored is not None
    assert stored.problems == results.problems
    assert np.isnan(stored.results[0].rate.value)
