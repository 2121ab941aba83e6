"""Tests on a model: every task, each text computed once, stops, and the end of a training."""

from dataclasses import replace

import numpy as np
import pytest

from core import decision_rule
from core.behavior.execution import behavior_job, run_behavior_job, run_tests, run_tests_after_training
from core.behavior.results import read_results
from core.behavior.suite import FILE, save_tests
from core.data.dataset import find_dataset
from core.decision_rule import DecisionRule
from core.errors import ConfigError
from core.jobs.events import Event, Phase, Problem, Progress
from core.runs import Run
from core.task import TaskKind
from core.workspace import Workspace
from tests.behavior.cases import TYPOS, LetterModel, make_tests
from tests.finished import TASKS, finished


@pytest.mark.parametrize("kind", TASKS)
def test_every_kind_of_test_runs_for_every_task(kind: TaskKind, workspace: Workspace) -> None:
    run = finished(workspace, kind)
    model = LetterModel(run.task)
    progress: list[Event] = []
    results = run_tests(run, make_tests(run), model.logits, progress.append)
    assert results.problems == {}
    assert all(0 < result.rate.value < 1 for result in results.results[1:6])
    assert results.results[-1].rate.units == 2
    texts = {*results.cases["before"], *results.cases["after"]}
    assert model.computed == len(texts)
    last = progress[-1]
    assert isinstance(last, Progress)
    assert (last.done, last.total) == (7, 7)
    again = run_tests(run, make_tests(run), LetterModel(run.task).logits)
    assert again.cases.equals(results.cases)


def test_opposite_directions_share_the_cases(workspace: Workspace) -> None:
    run = finished(workspace, "binary")
    rates = {
        result.test.name: result.rate
        for result in run_tests(run, make_tests(run), LetterModel(run.task).logits).results
    }
    assert rates["It rises"].passed + rates["It does not rise"].passed == rates["It rises"].cases


def test_the_decision_rule_of_the_model_counts(workspace: Workspace) -> None:
    run = finished(workspace, "binary")
    rule = DecisionRule(thresholds=(1.0,))
    decision_rule.save(rule, run.model_folder)
    results = run_tests(run, (TYPOS,), LetterModel(run.task, 3.0).logits)
    assert results.rule == rule
    assert set(results.cases["label_after"]) == {"no"}
    assert results.passed


def test_a_stop_keeps_the_tests_that_were_done(workspace: Workspace) -> None:
    run = finished(workspace, "binary")
    model = LetterModel(run.task)
    results = run_tests(run, make_tests(run), model.logits, should_stop=lambda: model.computed > 0)
    assert results.results[0].rate.cases > 0
    assert set(results.problems) == {test.name for test in results.tests[1:]}
    assert not results.passed


def _dataset_run(workspace: Workspace) -> Run:
    run = finished(workspace, "binary")
    save_tests(find_dataset(workspace, run.dataset.id), (TYPOS,))
    return run


def test_tests_after_a_training_are_stored(workspace: Workspace, monkeypatch: pytest.MonkeyPatch) -> None:
    run = _dataset_run(workspace)
    monkeypatch.setattr("core.behavior.execution.load_logits", lambda run: LetterModel(run.task).logits)
    events: list[Event] = []
    run_tests_after_training(run, events.append, lambda: True)
    assert (events, read_results(run)) == ([], None)
    run_tests_after_training(run, events.append, lambda: False)
    assert [type(event) for event in events] == [Phase, Progress]
    results = read_results(run)
    assert results is not None
    assert results.tests == (TYPOS,)


@pytest.mark.parametrize("failure", ["model", "damage", "bug"])
def test_a_failure_after_a_training_is_an_event(
    failure: str, workspace: Workspace, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    run = _dataset_run(workspace)  # which has no model
    if failure == "damage":
        (find_dataset(workspace, run.dataset.id).folder / FILE).write_text("{", encoding="utf-8")
    if failure == "bug":
        nothing = np.zeros((0, 2), dtype=np.float32)
        monkeypatch.setattr("core.behavior.execution.load_logits", lambda run: lambda texts: nothing)
    events: list[Event] = []
    run_tests_after_training(run, events.append, lambda: False)
    problem = events[-1]
    assert isinstance(problem, Problem)
    assert problem.message.startswith("The behavioral tests could not be run.")
    assert "Traceback" in capsys.readouterr().err
    assert read_results(run) is None


def test_the_job_needs_tests(workspace: Workspace) -> None:
    run = replace(finished(workspace, "binary"))
    folder = behavior_job(run).path
    folder.mkdir()
    with pytest.raises(ConfigError, match="has no behavioral tests"):
        run_behavior_job(folder)
    status = behavior_job(run).status()
    assert status is not None
    assert status.state == "failed"
