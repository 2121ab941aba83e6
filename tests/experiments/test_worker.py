"""A run in its child process: finished, stopped, killed, or failed."""

import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from core.data.columns import ColumnChoice
from core.data.dataset import Dataset, save_dataset
from core.data.reading.files import read_bytes
from core.data.splitting import SplitConfig
from core.errors import RunError
from core.evaluation.decisions.calibration import fit_temperature
from core.experiments.launch import create_training_run, follow_events
from core.experiments.worker import run_worker
from core.jobs import events, process, queue
from core.jobs.events import Event, FirstModel, Phase, Step
from core.models.classifier import Classifier, load_classifier
from core.models.engines.load import FeatureEncoder, load_engine
from core.runs import Run, list_runs
from core.training.config import Method, TrainingConfig
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


_WORD_SHARES = {"rare": (0.05, 0.1, 0.25, 0.6), "common": (0.6, 0.25, 0.1, 0.05)}


def wait_for_training(run: Run) -> None:
    while not any(isinstance(event, Step) for event in events.read(run.folder)):
        assert process.read_status(run.folder).active, process.read_status(run.folder)
        time.sleep(0.1)


def count_encoded(monkeypatch: pytest.MonkeyPatch) -> dict[str, list[str]]:
    """The texts that encoders read from now on: for their features, and for the logits of a classifier."""
    encoded: dict[str, list[str]] = {"features": [], "logits": []}
    for kind, name in ((Classifier, "features"), (FeatureEncoder, "features"), (Classifier, "logits")):
        original: Any = getattr(kind, name)

        def recorded(
            self: Any, texts: Sequence[str], *rest: Any, into: list[str] = encoded[name], call: Any = original
        ) -> Any:
            into.extend(texts)
            return call(self, texts, *rest)

        monkeypatch.setattr(kind, name, recorded)
    return encoded


def test_a_finished_run_has_logits_metrics_and_a_model(
    workspace: Workspace, dataset: Dataset, tiny_encoder: str
) -> None:
    run = create_training_run(workspace, dataset, TrainingConfig(encoder=tiny_encoder, epochs=2, max_length=16))
    process.start(run.folder)
    list(follow_events(run))
    assert process.read_status(run.folder).state == "finished"
    result = run.result()
    assert result is not None
    assert set(result.baselines) == {"majority", "tfidf"}
    assert result.seconds > result.prediction_seconds > 0
    assert result.peak_memory_mb > 50
    for source in ("model", "majority", "tfidf", "instant"):
        assert run.logits("test", source).shape == (run.sizes["test"], 2)
    assert not (run.folder / "checkpoints").exists()
    texts = run.split("test")["text"].tolist()
    assert load_classifier(run.model_folder).logits(texts) == pytest.approx(run.logits("test"), abs=1e-5)


@pytest.mark.parametrize("method", ["instant", "fine-tune"])
def test_the_temperature_is_part_of_the_saved_model(
    method: Method, workspace: Workspace, dataset: Dataset, tiny_encoder: str
) -> None:
    config = TrainingConfig(method=method, encoder=tiny_encoder, epochs=1, max_length=16)
    run = create_training_run(workspace, dataset, config)
    run_worker(run, workspace.home)
    result = run.result()
    assert result is not None
    assert result.temperature != 1.0
    targets = run.task.encode(run.split("validation")["label"].tolist())
    unscaled = run.logits("validation") * result.temperature
    assert fit_temperature(run.task, targets, unscaled) == pytest.approx(result.temperature, rel=0.01)
    texts = run.split("test")["text"].tolist()
    assert load_classifier(run.model_folder).logits(texts) == pytest.approx(run.logits("test"), abs=1e-4)


def test_class_weights_are_taken_back_in_the_saved_model(workspace: Workspace, tiny_encoder: str) -> None:
    rng = np.random.default_rng(0)
    rows = []
    for number in range(500):
        label = "rare" if rng.random() < 0.1 else "common"
        words = rng.choice(["red apple", "sweet plum", "blue sky", "cold ice"], 3, p=_WORD_SHARES[label])
        rows.append(f"{number} {' '.join(words)},{label}")
    table = read_bytes(("text,label\n" + "\n".join(rows)).encode(), "toy.csv")
    dataset = save_dataset(workspace, table, ColumnChoice("text", "label", "binary"), SplitConfig(0.4, 0.2), "Toy")
    run = create_training_run(workspace, dataset, TrainingConfig(method="instant", encoder=tiny_encoder, max_length=16))
    run_worker(run, workspace.home)
    result = run.result()
    assert result is not None
    rare = run.task.labels.index("rare")
    assert result.class_offsets[rare] < 0 < result.class_offsets[1 - rare]
    texts = run.split("test")["text"].tolist()
    assert load_classifier(run.model_folder).logits(texts) == pytest.approx(run.logits("test"), abs=1e-4)


def test_an_instant_run_encodes_each_text_once(
    workspace: Workspace, dataset: Dataset, tiny_encoder: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    encoded = count_encoded(monkeypatch)
    config = TrainingConfig(method="instant", encoder=tiny_encoder, max_length=16)
    run = create_training_run(workspace, dataset, config)
    run_worker(run, workspace.home)
    texts = [text for _, frame in run.splits() for text in frame["text"]]
    assert sorted(encoded["features"]) == sorted(texts)
    assert encoded["logits"] == []
    result = run.result()
    assert result is not None
    assert 0 < result.prediction_seconds < result.seconds
    predicted = run.sizes["validation"] + run.sizes["test"]
    assert result.texts_per_second == pytest.approx(predicted / result.prediction_seconds)


def test_an_instant_run_has_a_first_model_before_the_encoder_reads(
    workspace: Workspace, dataset: Dataset, tiny_encoder: str
) -> None:
    config = TrainingConfig(method="instant", encoder=tiny_encoder, max_length=16)
    run = create_training_run(workspace, dataset, config)
    scores, before = list[float](), list[str]()

    def on_event(event: Event) -> None:
        if isinstance(event, Phase):
            before.append(event.name)
        elif isinstance(event, FirstModel):
            first = load_engine(run.first_model_folder)
            validation = run.split("validation")
            correct = first.logits(validation["text"].tolist()).argmax(axis=1) == run.task.encode(
                validation["label"].tolist()
            )
            scores.extend([event.metrics["accuracy"], float(correct.mean())])
            assert "features" not in before

    run_worker(run, workspace.home, on_event)
    announced, computed = scores
    assert announced == pytest.approx(computed)
    assert run.result() is not None


def test_fine_tuning_encodes_each_text_once_with_the_frozen_encoder(
    workspace: Workspace, dataset: Dataset, tiny_encoder: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    encoded = count_encoded(monkeypatch)
    run = create_training_run(workspace, dataset, TrainingConfig(encoder=tiny_encoder, epochs=1, max_length=16))
    run_worker(run, workspace.home)
    splits = run.splits()
    assert sorted(encoded["features"]) == sorted(text for _, frame in splits for text in frame["text"])
    assert sorted(encoded["logits"]) == sorted([*splits.validation["text"], *splits.test["text"]])
    assert run.logits("test", "instant").shape == (run.sizes["test"], 2)


def test_stopping_keeps_the_best_model(workspace: Workspace, dataset: Dataset, tiny_encoder: str) -> None:
    run = create_training_run(workspace, dataset, TrainingConfig(encoder=tiny_encoder, **LONG))  # type: ignore[arg-type]
    process.start(run.folder)
    wait_for_training(run)
    process.stop(run.folder)
    list(follow_events(run))
    assert process.read_status(run.folder).state == "stopped"
    assert run.result() is not None
    assert (run.model_folder / "model.safetensors").exists()


def test_a_killed_run_has_died_and_other_runs_are_unchanged(
    workspace: Workspace, dataset: Dataset, tiny_encoder: str
) -> None:
    before = create_training_run(workspace, dataset, TrainingConfig(method="instant", encoder=tiny_encoder))
    process.start(before.folder)
    list(follow_events(before))
    run = create_training_run(workspace, dataset, TrainingConfig(encoder=tiny_encoder, **LONG))  # type: ignore[arg-type]
    process.start(run.folder)
    wait_for_training(run)
    process.kill(run.folder)
    with pytest.raises(RunError, match="killed, ran out of memory"):
        list(follow_events(run))
    assert run.result() is None
    assert [listed.id for listed in list_runs(workspace)] == [run.id, before.id]
    assert before.result() is not None


@pytest.mark.slow
def test_the_second_run_waits_and_can_be_stopped(workspace: Workspace, dataset: Dataset, tiny_encoder: str) -> None:
    first = create_training_run(workspace, dataset, TrainingConfig(encoder=tiny_encoder, **LONG))  # type: ignore[arg-type]
    process.start(first.folder)
    wait_for_training(first)
    second = create_training_run(workspace, dataset, TrainingConfig(encoder=tiny_encoder, epochs=1))
    process.start(second.folder)
    while not queue.position(workspace.home, second.folder):
        assert process.read_status(second.folder).active
        time.sleep(0.1)
    process.stop(second.folder)
    list(follow_events(second))
    assert process.read_status(second.folder).state == "stopped"
    assert process.read_status(first.folder).state == "running"
    process.kill(first.folder)


@pytest.mark.slow
def test_an_unavailable_encoder_fails_with_a_message(
    workspace: Workspace, dataset: Dataset, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HF_HUB_OFFLINE", "1")
    monkeypatch.setenv("HF_HOME", str(tmp_path / "hub"))
    run = create_training_run(workspace, dataset, TrainingConfig(encoder="nobody/nothing"))
    process.start(run.folder)
    with pytest.raises(RunError, match="could not be reached to download nobody/nothing") as caught:
        list(follow_events(run))
    assert "network" in caught.value.hint
    assert process.read_status(run.folder).state == "failed"
