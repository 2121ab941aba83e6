"""``python -m core behavior``: what it prints and writes, and the exit code that CI reads."""

import ast
import json
from dataclasses import replace
from pathlib import Path

import pytest

from core.behavior.results import read_results
from core.behavior.suite import FILE, save_tests
from core.data.dataset import Dataset, find_dataset
from core.evaluation.behavior.definitions import Expectation
from core.runs import Run
from core.workspace import Workspace
from tests.behavior.cases import TYPOS, LetterModel, make_tests
from tests.cli.test_commands import call
from tests.finished import finished


@pytest.fixture
def run(workspace: Workspace, monkeypatch: pytest.MonkeyPatch) -> Run:
    monkeypatch.setattr("core.behavior.execution.load_logits", lambda run: LetterModel(run.task).logits)
    return finished(workspace, "binary")


@pytest.fixture
def dataset(workspace: Workspace, run: Run) -> Dataset:
    return find_dataset(workspace, run.dataset.id)


def test_the_exit_code_says_whether_all_reach_their_wanted_rate(
    run: Run, dataset: Dataset, capsys: pytest.CaptureFixture[str]
) -> None:
    save_tests(dataset, (replace(TYPOS, wanted=0.0),))
    code, out, _ = call(capsys, "behavior", run.id)
    assert code == 0
    assert "passed" in out.splitlines()[1]
    save_tests(dataset, (replace(TYPOS, wanted=0.0), replace(TYPOS, name="Strict", wanted=1.0)))
    code, out, _ = call(capsys, "behavior", str(run.folder))
    assert code == 1
    assert "below the wanted pass rate" in out.splitlines()[2]
    results = read_results(run)
    assert results is not None
    assert [test.name for test in results.tests] == ["Typos", "Strict"]


def test_a_test_that_cannot_be_run_fails(run: Run, dataset: Dataset, capsys: pytest.CaptureFixture[str]) -> None:
    save_tests(dataset, (replace(make_tests(run)[-1], expectation=Expectation("maybe"), wanted=0.0),))
    code, out, _ = call(capsys, "behavior", run.id)
    assert code == 1
    assert "cannot be run: The label 'maybe' is not one of the model's 2 labels." in out


def test_json_has_every_figure_and_the_previous_run(
    workspace: Workspace, run: Run, dataset: Dataset, capsys: pytest.CaptureFixture[str]
) -> None:
    save_tests(dataset, make_tests(run))
    call(capsys, "behavior", run.id)
    record = json.loads((run.folder / "run.json").read_text(encoding="utf-8"))
    later = finished(workspace, "binary", "Later")
    changes = {"created": "2100-01-01T00:00:00+00:00", "dataset": record["dataset"]}
    later_record = json.loads((later.folder / "run.json").read_text(encoding="utf-8"))
    (later.folder / "run.json").write_text(json.dumps(later_record | changes), encoding="utf-8")
    code, out, _ = call(capsys, "behavior", later.id, "--json")
    printed = json.loads(out)
    assert code == 1
    assert printed["passed"] is False
    assert [test["name"] for test in printed["tests"]] == [test.name for test in make_tests(run)]
    for test in printed["tests"]:
        assert test["interval"][0] <= test["pass_rate"] <= test["interval"][1]
        assert test["previous"] == test["pass_rate"]
    assert "previous run: " in call(capsys, "behavior", later.id)[1]


@pytest.mark.slow
def test_tests_of_a_file_and_suggested_ones_leave_the_stored_results(
    run: Run, dataset: Dataset, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    save_tests(dataset, (TYPOS,))
    file = (dataset.folder / FILE).rename(tmp_path / "tests.json")
    code, _, err = call(capsys, "behavior", run.id)
    assert (code, "has no behavioral tests" in err) == (2, True)
    assert "Typos" in call(capsys, "behavior", run.id, "--tests", str(file))[1]
    assert "Last punctuation mark" in call(capsys, "behavior", run.id, "--suggested", "--json")[1]
    assert read_results(run) is None
    code, _, err = call(capsys, "behavior", run.id, "--tests", str(tmp_path / "none.json"))
    assert (code, "There is no file" in err) == (2, True)


def test_listing_runs_nothing_and_pytest_writes_a_file(
    run: Run, dataset: Dataset, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    save_tests(dataset, make_tests(run))
    code, out, _ = call(capsys, "behavior", run.id, "--list")
    assert code == 0
    assert [line.split("  ")[0] for line in out.splitlines()] == [test.name for test in make_tests(run)]
    assert read_results(run) is None
    call(capsys, "behavior", run.id, "--pytest", str(tmp_path / "test_model.py"))
    ast.parse((tmp_path / "test_model.py").read_text(encoding="utf-8"))
