"""The tests of a dataset on disk."""

import json
from pathlib import Path
from typing import Any

import pytest

from core.behavior.suite import FILE, cases_of_run, load_run_tests, load_tests, save_tests, suggested_tests
from core.data.dataset import Dataset, find_dataset, list_datasets
from core.errors import ConfigError, StorageError
from core.evaluation.behavior.definitions import BehaviorTest, Change
from core.runs import Run
from core.workspace import Workspace, delete
from tests.behavior.cases import TYPOS, make_tests
from tests.finished import finished


@pytest.fixture
def run(workspace: Workspace) -> Run:
    return finished(workspace, "multiclass")


@pytest.fixture
def dataset(workspace: Workspace, run: Run) -> Dataset:
    return find_dataset(workspace, run.dataset.id)


def test_tests_of_every_kind_are_read_as_they_were_saved(run: Run, dataset: Dataset) -> None:
    tests = (*make_tests(run), BehaviorTest("Words", "invariance", Change("words", replacements=(("a", "b"),))))
    assert load_run_tests(run) == ()
    save_tests(dataset, tests)
    assert load_run_tests(run) == tests
    save_tests(dataset, tests[:1])
    assert load_tests(dataset.folder / FILE) == tests[:1]
    assert list_datasets(Workspace(run.folder.parents[1], run.folder.parents[3])) == [dataset]


def test_a_suite_that_a_dataset_cannot_have_leaves_the_old_one(run: Run, dataset: Dataset) -> None:
    save_tests(dataset, (TYPOS,))
    with pytest.raises(ConfigError, match="two tests with the name"):
        save_tests(dataset, (TYPOS, TYPOS))
    assert load_run_tests(run) == (TYPOS,)


def test_a_deleted_dataset_has_no_tests(run: Run, dataset: Dataset) -> None:
    save_tests(dataset, (TYPOS,))
    delete(dataset.folder)
    assert load_run_tests(run) == ()


def _set(field: str, value: Any) -> Any:
    def change(record: dict[str, Any]) -> None:
        record["tests"][0][field] = value

    return change


@pytest.mark.parametrize(
    "change",
    [
        _set("kind", "magic"),
        _set("wanted", 7),
        _set("name", ""),
        _set("change", {"kind": "typos", "amount": 99}),
        _set("change", None),
        lambda record: record.update(tests="none"),
        lambda record: record.update(format_version=99),
        lambda record: record["tests"].append(record["tests"][0]),
    ],
)
def test_a_damaged_suite_is_an_error_that_names_the_file(dataset: Dataset, change: Any) -> None:
    save_tests(dataset, (TYPOS,))
    path: Path = dataset.folder / FILE
    record = json.loads(path.read_text(encoding="utf-8"))
    change(record)
    path.write_text(json.dumps(record), encoding="utf-8")
    with pytest.raises(StorageError, match=r"behavior\.json"):
        load_tests(path)


def test_suggestions_come_from_the_validation_texts(run: Run) -> None:
    tests = suggested_tests(run)
    assert {"Typos", "Last punctuation mark", "Upper and lower case"} <= {test.name for test in tests}
    validation = set(run.split("validation")["text"])
    for test in tests:
        cases = cases_of_run(run, test)
        assert set(cases.before) <= validation
        assert len(cases) >= 60


def test_a_test_without_cases_says_so(run: Run) -> None:
    nothing = BehaviorTest("N", "invariance", Change("words", replacements=(("xylophone", "drum"),)))
    with pytest.raises(ConfigError, match="None of the validation texts has anything to change"):
        cases_of_run(run, nothing)
