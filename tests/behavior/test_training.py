"""Tests run at the end of a real training and as a job, on the model that was saved."""

import pytest

from core.behavior.execution import behavior_job, load_logits, run_behavior_job
from core.behavior.results import read_results
from core.behavior.suite import FILE, save_tests
from core.data.columns import ColumnChoice
from core.data.dataset import Dataset, save_dataset
from core.data.reading.files import read_bytes
from core.data.splitting import SplitConfig
from core.evaluation.behavior.definitions import BehaviorTest, Change, Expectation, Templates, WordList
from core.experiments.launch import create_training_run
from core.experiments.worker import run_worker
from core.jobs import events, process
from core.jobs.events import Phase, Problem
from core.training.config import TrainingConfig
from core.workspace import Workspace

FRUIT, COLD = ("apple", "plum", "cherry"), ("sky", "sea", "ice")
TESTS = (
    BehaviorTest("Case", "invariance", Change("case"), wanted=1.0),
    BehaviorTest(
        "Fruit", "minimum_functionality", None, Templates(("the {it}",), (WordList("it", FRUIT),)), Expectation("fruit")
    ),
    BehaviorTest("Old label", "direction", Change("typos"), None, Expectation("vegetable")),
)


@pytest.fixture
def dataset(workspace: Workspace) -> Dataset:
    rows = [f"{first} {word},{label}" for first in ("the", "a", "one", "two", "very", "red") for label, words in
            (("fruit", FRUIT), ("cold", COLD)) for word in words]  # fmt: skip
    table = read_bytes(("text,label\n" + "\n".join(rows)).encode(), "toy.csv")
    return save_dataset(workspace, table, ColumnChoice("text", "label", "binary"), SplitConfig(0.2, 0.2), "Toy")


def test_a_training_ends_with_the_tests_of_its_dataset(
    workspace: Workspace, dataset: Dataset, tiny_encoder: str
) -> None:
    save_tests(dataset, TESTS)
    config = TrainingConfig(method="instant", encoder=tiny_encoder, max_length=16)
    run = create_training_run(workspace, dataset, config)
    run_worker(run, workspace.home)
    assert process.read_status(run.folder).state == "finished"
    phases = [event.name for event in events.read(run.folder) if isinstance(event, Phase)]
    assert phases[-1] == "testing"
    results = read_results(run)
    assert results is not None
    assert results.tests == TESTS
    case, fruit, old = results.results
    # The tokenizer of the encoder is uncased.
    assert (case.rate.value, case.passed) == (1.0, True)
    assert (fruit.rate.cases, fruit.rate.units) == (3, 1)
    assert "'vegetable' is not one of the model's 2 labels" in old.problem
    texts = fruit.cases["after"].tolist()
    predicted = load_logits(run)(texts).argmax(axis=1)
    assert fruit.cases["label_after"].tolist() == [run.task.labels[i] for i in predicted]

    job = behavior_job(run)
    run_behavior_job(job.path)
    again = read_results(run)
    assert again is not None
    assert again.cases.equals(results.cases)
    status = job.status()
    assert status is not None
    assert status.state == "finished"


def test_damaged_tests_do_not_take_a_training_back(workspace: Workspace, dataset: Dataset, tiny_encoder: str) -> None:
    (dataset.folder / FILE).write_text("{", encoding="utf-8")
    config = TrainingConfig(method="instant", encoder=tiny_encoder, max_length=16)
    run = create_training_run(workspace, dataset, config)
    run_worker(run, workspace.home)
    assert process.read_status(run.folder).state == "finished"
    assert run.result() is not None
    problems = [event for event in events.read(run.folder) if isinstance(event, Problem)]
    assert [problem.name for problem in problems] == ["behavior"]
    assert "behavior.json" in problems[0].message
