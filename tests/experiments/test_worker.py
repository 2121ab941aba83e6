"""A run as the real child process carries it out: to its end, stopped, killed, failed."""

import time
from pathlib import Path

import pytest

from core.data.columns import ColumnChoice
from core.data.dataset import Dataset, save_dataset
from core.data.reading.files import read_bytes
from core.data.splitting import SplitConfig
from core.errors import RunError
from core.experiments.launch import create_training_run, follow_events
from core.experiments.worker import work
from core.jobs import events, process, queue
from core.jobs.events import Step
from core.models import classifier as classifiers
from core.runs import Run, list_runs
from core.training import linear_probe
from core.training.config import TrainingConfig
from core.workspace import Workspace

LONG = {"epochs": 100, "batch_size": 2, "max_length": 16}


@pytest.fixture
def dataset(workspace: Workspace) -> Dataset:
    rows = [f"{first} {word},{label}" for first in ("the", "a", "one", "two") for word, label in WORDS]
    table = read_bytes(("text,label\n" + "\n".join(rows)).encode(), "toy.csv")
    return save_dataset(workspace, table, ColumnChoice("text", "label", "binary"), SplitConfig(0.2, 0.2), "Toy")


WORDS = [
    ("red apple", "fruit"),
    ("red cherry", "fruit"),
    ("sweet plum", "fruit"),
    ("blue sky", "cold"),
    ("cold sea", "cold"),
    ("cold ice", "cold"),
]


def until_it_trains(run: Run) -> None:
    while not any(isinstance(event, Step) for event in events.read(run.folder)):
        assert process.read_status(run.folder).active, process.read_status(run.folder)
        time.sleep(0.1)


def test_a_run_leaves_all_one_needs(workspace: Workspace, dataset: Dataset, tiny_encoder: str) -> None:
    run = create_training_run(workspace, dataset, TrainingConfig(encoder=tiny_encoder, epochs=2, max_length=16))
    process.start(run.folder)
    list(follow_events(run))
    assert process.read_status(run.folder).state == "finished"
    result = run.result()
    assert result is not None
    assert set(result.baselines) == {"majority", "tfidf"}
    assert result.seconds > 0
    assert result.peak_memory_mb > 50
    for who in ("model", "majority", "tfidf", "instant"):
        assert run.logits("test", who).shape == (run.record.sizes["test"], 2)
    assert not (run.folder / "checkpoints").exists()
    texts = run.split("test")["text"].tolist()
    assert classifiers.load(run.model_folder).logits(texts) == pytest.approx(run.logits("test"), abs=1e-5)


def test_the_instant_baseline_answers_in_the_pass_that_fits_the_head(
    workspace: Workspace, dataset: Dataset, tiny_encoder: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    def again(*_: object) -> None:
        raise AssertionError("all rows were read a second time")

    monkeypatch.setattr(linear_probe, "answers", again)
    run = create_training_run(workspace, dataset, TrainingConfig(encoder=tiny_encoder, epochs=1, max_length=16))
    work(run, workspace.home)
    assert run.logits("test", "instant").shape == (run.record.sizes["test"], 2)


def test_stopping_keeps_the_best_model(workspace: Workspace, dataset: Dataset, tiny_encoder: str) -> None:
    run = create_training_run(workspace, dataset, TrainingConfig(encoder=tiny_encoder, **LONG))  # type: ignore[arg-type]
    process.start(run.folder)
    until_it_trains(run)
    process.stop(run.folder)
    list(follow_events(run))
    assert process.read_status(run.folder).state == "stopped"
    assert run.result() is not None
    assert (run.model_folder / "model.safetensors").exists()


def test_a_killed_run_has_died_and_others_are_untouched(
    workspace: Workspace, dataset: Dataset, tiny_encoder: str
) -> None:
    before = create_training_run(workspace, dataset, TrainingConfig(method="instant", encoder=tiny_encoder))
    process.start(before.folder)
    list(follow_events(before))
    run = create_training_run(workspace, dataset, TrainingConfig(encoder=tiny_encoder, **LONG))  # type: ignore[arg-type]
    process.start(run.folder)
    until_it_trains(run)
    process.kill(run.folder)
    with pytest.raises(RunError, match="killed, out of memory"):
        list(follow_events(run))
    assert run.result() is None
    assert [found.id for found in list_runs(workspace)] == [run.id, before.id]
    assert before.result() is not None


def test_the_second_run_waits_and_can_be_called_off(workspace: Workspace, dataset: Dataset, tiny_encoder: str) -> None:
    first = create_training_run(workspace, dataset, TrainingConfig(encoder=tiny_encoder, **LONG))  # type: ignore[arg-type]
    process.start(first.folder)
    until_it_trains(first)
    second = create_training_run(workspace, dataset, TrainingConfig(encoder=tiny_encoder, epochs=1))
    process.start(second.folder)
    while not queue.jobs_ahead(workspace.home, second.folder):
        assert process.read_status(second.folder).active
        time.sleep(0.1)
    process.stop(second.folder)
    list(follow_events(second))
    assert process.read_status(second.folder).state == "stopped"
    assert process.read_status(first.folder).state == "running"
    process.kill(first.folder)


def test_an_encoder_that_cannot_be_had_is_said(
    workspace: Workspace, dataset: Dataset, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HF_HUB_OFFLINE", "1")
    monkeypatch.setenv("HF_HOME", str(tmp_path / "hub"))
    run = create_training_run(workspace, dataset, TrainingConfig(encoder="nobody/nothing"))
    process.start(run.folder)
    with pytest.raises(RunError, match="could not be reached for nobody/nothing") as caught:
        list(follow_events(run))
    assert "network" in caught.value.hint
    assert process.read_status(run.folder).state == "failed"
