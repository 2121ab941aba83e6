"""Behavioral tests on Evaluate: suggestions, results, failures, and the editor."""

import ast
from collections.abc import Callable
from dataclasses import replace
from html import unescape

import pytest
from streamlit.testing.v1 import AppTest

from core.behavior.execution import run_tests
from core.behavior.results import save_results
from core.behavior.suite import FILE, load_tests, save_tests
from core.data.dataset import Dataset, find_dataset
from core.evaluation.behavior.definitions import BehaviorTest, Change, Expectation, Templates, WordList
from core.jobs.folder import JobFolder
from core.runs import Run
from core.task import TaskKind
from core.workspace import Workspace, delete
from tests.behavior.cases import TYPOS, LetterModel, make_tests
from tests.finished import TASKS, finished
from tests.pages.app import choose, click, find, page_text, visit
from tests.pages.test_evaluate import badges, open_section, table


@pytest.fixture
def started(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The commands of the jobs that were started; none of them runs."""
    commands: list[str] = []
    monkeypatch.setattr(JobFolder, "start", lambda self: commands.append(self.command))
    return commands


def dataset_of(run: Run, workspace: Workspace) -> Dataset:
    return find_dataset(workspace, run.dataset.id)


def add_results(run: Run, workspace: Workspace, tests: tuple[BehaviorTest, ...], change: float = 0.8) -> None:
    """Give the dataset of a run tests, and the run their results."""
    save_tests(dataset_of(run, workspace), tests)
    save_results(run, run_tests(run, tests, LetterModel(run.task, change).logits))


def open_behavior() -> AppTest:
    return open_section("Behavioral tests", "validation")


def differences(at: AppTest) -> list[str]:
    return [unescape(element.proto.body) for element in at.get("html") if 'dir="auto"' in element.proto.body]


def test_suggested_tests_are_added_and_run(empty: Workspace, started: list[str]) -> None:
    run = finished(empty, "multiclass")
    at = open_behavior()
    assert "This dataset has no tests yet" in page_text(at)
    click(at, "Add suggested tests")
    assert "Typos" in [test.name for test in load_tests(dataset_of(run, empty).folder / FILE)]
    click(at, "Run the tests")
    assert started == ["test-behavior"] * 2


@pytest.mark.parametrize(
    "kind", ["multilabel", *(pytest.param(k, marks=pytest.mark.slow) for k in TASKS if k != "multilabel")]
)
def test_results_and_failures_are_shown(kind: TaskKind, empty: Workspace) -> None:
    run = finished(empty, kind)
    add_results(run, empty, make_tests(run), 2.0)
    at = open_behavior()
    shown = table(at, "Behavioral tests with pass rates")
    assert shown["Test"] == [test.name for test in make_tests(run)]
    assert "below the wanted pass rate" in page_text(at)
    failures = find(at.selectbox, "Failures of")
    failures.set_value("Typos").run()
    assert not at.exception
    assert 1 <= len([html for html in differences(at) if "<del" in html]) <= 8
    assert {badge.split(":")[0] for badge in badges(at)} == {"Before", "After"}
    failures.set_value("Templates").run()
    assert {badge.split(":")[0] for badge in badges(at)} == {"Expected", "Predicted"}
    assert not any("<b>" in element.proto.body for element in at.get("html"))


def test_the_previous_run_is_beside_the_results(empty: Workspace) -> None:
    first, second = (finished(empty, "binary", name) for name in ("First", "Second"))
    add_results(first, empty, (TYPOS,), 3.0)
    record = (second.folder / "run.json").read_text(encoding="utf-8").replace(second.dataset.id, first.dataset.id)
    (second.folder / "run.json").write_text(record.replace(second.created, "2100-01-01T00:00:00"), encoding="utf-8")
    add_results(replace(second, dataset=first.dataset), empty, (TYPOS,), 0.1)
    at = open_behavior()
    find(at.selectbox, "Model").set_value(0).run()
    if "Second" not in find(at.selectbox, "Model").options[0]:
        find(at.selectbox, "Model").set_value(1).run()
    (change,) = table(at, "Behavioral tests with pass rates")["Since the previous run"]
    assert str(change).endswith("% (better)")
    assert "Compared with First" in page_text(at)


def test_a_test_is_written_previewed_changed_and_deleted(empty: Workspace, started: list[str]) -> None:
    run = finished(empty, "binary")
    path = dataset_of(run, empty).folder / FILE
    at = open_behavior()
    choose(at, "Kind", "minimum_functionality")
    find(at.text_area, "Templates, one a line").set_value("I {verb} <i>this</i>.").run()
    find(at.text_area, "Lists of words, one a line").set_value("verb: love, like").run()
    find(at.selectbox, "Expected label").set_value("yes").run()
    assert "2 cases. The first of them:" in page_text(at)
    assert any("I love <i>this</i>." in html for html in differences(at))
    assert find(at.button, "Save the test").disabled
    find(at.text_input, "Name").set_value("Verbs").run()
    click(at, "Save the test")
    expected = Templates(("I {verb} <i>this</i>.",), (WordList("verb", ("love", "like")),))
    saved = BehaviorTest("Verbs", "minimum_functionality", None, expected, Expectation("yes"))
    assert load_tests(path) == (saved,)
    find(at.selectbox, "Test").set_value("Verbs").run()
    find(at.number_input, "Wanted pass rate in %").set_value(75.0).run()
    click(at, "Save the test")
    assert load_tests(path) == (replace(saved, wanted=0.75),)
    find(at.selectbox, "Test").set_value("Verbs").run()
    click(at, "Delete permanently")
    assert load_tests(path) == ()
    assert started == []


def test_a_change_with_words_of_the_user(empty: Workspace) -> None:
    run = finished(empty, "multilabel")
    at = open_behavior()
    choose(at, "Kind", "direction")
    find(at.selectbox, "Change").set_value("words").run()
    assert "There is no word to replace" in page_text(at)
    find(at.text_area, "Replacements, one a line").set_value("thing = (.*)").run()
    assert any("(.*)" in html for html in differences(at))
    find(at.selectbox, "Score of the label").set_value("sweet").run()
    find(at.selectbox, "The score").set_value("does not rise").run()
    find(at.text_input, "Name").set_value("Thing").run()
    click(at, "Save the test")
    change = Change("words", replacements=(("thing", "(.*)"),))
    expectation = Expectation("sweet", "does not rise")
    saved = load_tests(dataset_of(run, empty).folder / FILE)
    assert saved == (BehaviorTest("Thing", "direction", change, None, expectation),)


def test_tests_are_copied_from_another_dataset(empty: Workspace) -> None:
    first, second = finished(empty, "binary", "First"), finished(empty, "binary", "Second")
    save_tests(dataset_of(first, empty), (TYPOS,))
    at = open_behavior()
    options = find(at.selectbox, "Model").options
    find(at.selectbox, "Model").set_value(next(i for i, title in enumerate(options) if "Second" in title)).run()
    click(at, "Copy these tests")
    assert load_tests(dataset_of(second, empty).folder / FILE) == (TYPOS,)


def test_changed_tests_are_run_again(empty: Workspace, started: list[str]) -> None:
    run = finished(empty, "binary")
    add_results(run, empty, (TYPOS,))
    assert "have changed" not in page_text(open_behavior())
    save_tests(dataset_of(run, empty), (TYPOS, BehaviorTest("Case", "invariance", Change("case"))))
    at = open_behavior()
    assert "The tests have changed since they were run." in page_text(at)
    click(at, "Run the tests again")
    assert started == ["test-behavior"]


def test_damaged_tests_can_be_deleted(empty: Workspace) -> None:
    run = finished(empty, "binary")
    path = dataset_of(run, empty).folder / FILE
    path.write_text("{", encoding="utf-8")
    at = visit("evaluate")
    choose(at, "Section", "Behavioral tests")
    assert "behavior.json" in page_text(at)
    click(at, "Delete permanently")
    assert load_tests(path) == ()


def test_results_outlive_the_dataset_and_can_be_exported(
    empty: Workspace, downloads: dict[str, Callable[[], bytes]]
) -> None:
    run = finished(empty, "binary")
    add_results(run, empty, make_tests(run))
    delete(dataset_of(run, empty).folder)
    at = open_behavior()
    assert "The dataset of this run was deleted" in page_text(at)
    assert len(table(at, "Behavioral tests with pass rates")["Test"]) == 7
    ast.parse(downloads["Tests as pytest"]().decode())
    assert downloads["All cases"]().decode("utf-8-sig").splitlines()[0].startswith("test,unit,before,after,passed")
