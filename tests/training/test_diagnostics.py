"""Problems of a training are diagnosed, reported with settings to try instead, and solved if possible."""

import json
import os
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from transformers import BertConfig, BertModel, BertTokenizer

from core.data.splitting import Splits
from core.errors import ModelError, RunError
from core.experiments.worker import run_worker
from core.jobs import events, process
from core.jobs.events import Event, Problem, Step
from core.models.classifier import Classifier
from core.runs import Run, create_run
from core.task import Task
from core.training import diagnostics, trainer
from core.training.config import TrainingConfig
from core.training.trainer import FineTuning, fine_tune
from core.workspace import Workspace
from tests.conftest import WORDS
from tests.toy import TOY_SOURCE
from tests.training.cases import damage_encoder, toy, train

CONFIG = TrainingConfig(learning_rate=1e-3, seed=7, epochs=3)


def problems(all_events: list[Event]) -> list[Problem]:
    return [event for event in all_events if isinstance(event, Problem)]


def test_a_loss_that_grows_by_more_than_half_diverges() -> None:
    steady, grown = [1.0] * 15, [1.6] * 5
    problem = diagnostics.diverging_loss(steady + grown, CONFIG)  # quarters of five: mean 1.0 and 1.6
    assert problem is not None
    assert "from 1.00 to 1.60" in problem.message
    assert problem.changes == {"learning_rate": pytest.approx(2e-4)}
    assert diagnostics.diverging_loss(steady + [1.5] * 5, CONFIG) is None  # at the limit
    assert diagnostics.diverging_loss(grown * 4, CONFIG) is None  # high throughout
    assert diagnostics.diverging_loss([1.0] * 10 + [9.0] * 9, CONFIG) is None  # 19 steps are too few


def test_one_prediction_for_every_text_is_a_collapse() -> None:
    task, targets = Task("binary", ("cold", "fruit")), np.asarray([0, 1, 1])
    same = np.asarray([[0.0, 1.0], [0.2, 0.3], [-1.0, 0.0]], dtype=np.float32)
    problem = diagnostics.collapsed_predictions(task, targets, same, CONFIG)
    assert problem is not None
    assert "“fruit” for every" in problem.message
    assert problem.changes == {"learning_rate": 5e-4, "epochs": 6, "class_weight_power": 1.0, "seed": 8}
    mixed = same * np.asarray([[1], [-1], [1]], dtype=np.float32)  # the second row is "cold"
    assert diagnostics.collapsed_predictions(task, targets, mixed, CONFIG) is None
    assert diagnostics.collapsed_predictions(task, np.ones(3), same, CONFIG) is None  # there is only one class
    assert diagnostics.collapsed_predictions(Task("multilabel", ("a", "b")), targets, same, CONFIG) is None


def test_out_of_memory_halves_the_batch_size_and_keeps_the_effective_batch_size() -> None:
    diagnosis = diagnostics.out_of_memory(TrainingConfig(batch_size=16, gradient_accumulation_steps=2))
    assert diagnosis is not None
    problem, smaller = diagnosis
    assert (smaller.batch_size, smaller.gradient_accumulation_steps, smaller.effective_batch_size) == (8, 4, 32)
    assert "batch size of 16" in problem.message
    assert diagnostics.out_of_memory(TrainingConfig(batch_size=1)) is None


@pytest.mark.parametrize("seed", [0, 2**32 - 1])
def test_proposed_settings_are_always_in_range(seed: int) -> None:
    config = TrainingConfig(learning_rate=1e-7, epochs=100, seed=seed)
    task, targets = Task("binary", ("a", "b")), np.asarray([0, 1])
    collapse = diagnostics.collapsed_predictions(task, targets, np.zeros((2, 2), dtype=np.float32), config)
    growth = diagnostics.diverging_loss([1.0] * 20 + [9.0] * 20, config)
    for problem in (diagnostics.nonfinite_loss(1, config), collapse, growth):
        assert problem is not None
        replace(config, **problem.changes)


def test_a_loss_of_nan_ends_the_training_at_once(tiny_encoder: str, tmp_path: Path) -> None:
    encoder = damage_encoder(tiny_encoder, tmp_path, "encoder.layer.1.output.dense.bias", 0)
    received: list[Event] = []
    with pytest.raises(RunError, match="became NaN or infinite at step 1") as caught:
        train(toy("binary"), encoder, tmp_path / "run", received, init_fitted_head=False)
    assert "Try 5e-04" in caught.value.hint
    (problem,) = problems(received)
    assert (problem.name, problem.message) == ("nan", caught.value.message)
    assert problem.changes == {"learning_rate": pytest.approx(5e-4), "mixed_precision": False}
    assert not any(isinstance(event, Step) for event in received)


def test_predictions_of_nan_end_the_training_too(tiny_encoder: str, tmp_path: Path) -> None:
    """Only the embedding of a word that no training text has is damaged, so the loss is finite."""
    splits = toy("binary")
    without = splits.train[~splits.train["text"].str.contains("ice")].reset_index(drop=True)
    row = json.loads(Path(tiny_encoder, "tokenizer.json").read_text())["model"]["vocab"]["ice"]
    encoder = damage_encoder(tiny_encoder, tmp_path, "embeddings.word_embeddings.weight", row)
    received: list[Event] = []
    with pytest.raises(RunError, match="became NaN or infinite"):
        train(replace(splits, train=without), encoder, tmp_path / "run", received, init_fitted_head=False)
    assert [problem.name for problem in problems(received)] == ["nan"]
    assert any(isinstance(event, Step) for event in received)


@pytest.mark.parametrize("method", ["instant", "fine-tune"])
def test_an_encoder_with_damaged_weights_is_reported(
    method: str, workspace: Workspace, tiny_encoder: str, tmp_path: Path
) -> None:
    encoder = damage_encoder(tiny_encoder, tmp_path, "encoder.layer.0.output.dense.bias", 3)
    run = create_training_run(workspace, TrainingConfig(encoder=encoder, method=method))  # type: ignore[arg-type]
    with pytest.raises(ModelError, match="its weights are damaged"):
        run_worker(run, workspace.home)
    assert process.read_status(run.folder).state == "failed"


def test_a_model_that_learned_nothing_is_reported_as_collapsed(tiny_encoder: str, tmp_path: Path) -> None:
    received: list[Event] = []
    splits = toy("binary")
    mostly_fruit = splits.train[
        (splits.train["label"] == "fruit")
        | (splits.train.index == splits.train.index[splits.train["label"] == "cold"][0])
    ]
    few = type(splits)(mostly_fruit, splits.validation, splits.test, splits.task)
    train(few, tiny_encoder, tmp_path, received, epochs=3, init_fitted_head=False)
    (problem,) = problems(received)
    assert problem.name == "collapse"
    assert "“fruit” for every validation text" in problem.message


def create_training_run(workspace: Workspace, config: TrainingConfig) -> Run:
    return create_run(workspace, toy("binary"), config, "toy", TOY_SOURCE)


def test_running_out_of_memory_twice_fails_the_run(
    workspace: Workspace, tiny_encoder: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    batch_sizes: list[int] = []

    def out_of_memory(job: FineTuning) -> None:
        batch_sizes.append(job.config.batch_size)
        raise RuntimeError("DefaultCPUAllocator: can't allocate memory")

    monkeypatch.setattr(trainer, "fine_tune", out_of_memory)
    run = create_training_run(workspace, TrainingConfig(encoder=tiny_encoder, batch_size=8))
    with pytest.raises(RuntimeError, match="allocate"):
        run_worker(run, workspace.home)
    assert batch_sizes == [8, 4]
    assert process.read_status(run.folder).message == "The machine ran out of memory."


def test_running_out_of_memory_once_restarts_with_half_the_batch_size(
    workspace: Workspace, tiny_encoder: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    def out_of_memory_at_first(job: FineTuning) -> Classifier:
        if job.config.batch_size == 8:
            job.checkpoints.mkdir()
            raise RuntimeError("DefaultCPUAllocator: can't allocate memory")
        assert not job.checkpoints.exists()
        return fine_tune(job)

    monkeypatch.setattr(trainer, "fine_tune", out_of_memory_at_first)
    run = create_training_run(workspace, TrainingConfig(encoder=tiny_encoder, batch_size=8, epochs=1))
    run_worker(run, workspace.home)
    assert process.read_status(run.folder).state == "finished"
    config = Run.open(run.folder).config
    assert (config.batch_size, config.gradient_accumulation_steps) == (4, 2)
    assert [problem.name for problem in problems(events.read(run.folder))] == ["memory"]


IN_LITTLE_MEMORY = """
import resource, sys
from pathlib import Path
import psutil
from core import host
from core.runs import Run
from core.training import trainer
from core.experiments.worker import run_worker

host.cores = lambda: 1
limit = psutil.Process().memory_info().data + int(sys.argv[3]) * 10**6
resource.setrlimit(resource.RLIMIT_DATA, (limit, limit))
run_worker(Run.open(Path(sys.argv[1])), Path(sys.argv[2]))
"""


@pytest.mark.slow
@pytest.mark.skipif(sys.platform != "linux", reason="limits the data of a process as Linux does")
def test_a_batch_that_does_not_fit_into_memory_is_halved(workspace: Workspace, tmp_path: Path) -> None:
    """In a process with a limit of 790 MB: a step with 256 texts of 512 tokens takes 1,020 MB, one with 128 texts 570 MB."""
    config = BertConfig(vocab_size=22, hidden_size=32, num_hidden_layers=2, num_attention_heads=2, intermediate_size=64)
    BertModel(config).save_pretrained(tmp_path / "encoder")
    vocabulary = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]", *WORDS]
    BertTokenizer(vocab={word: i for i, word in enumerate(vocabulary)}).save_pretrained(tmp_path / "encoder")
    short = toy("binary")
    many = pd.concat([short.train] * 4, ignore_index=True)
    frames = [
        frame.assign(text=[" ".join([text] * 90) for text in frame["text"]])
        for frame in (many, short.validation[:8], short.test[:8])
    ]
    settings = TrainingConfig(
        encoder=str(tmp_path / "encoder"),
        epochs=1,
        batch_size=256,
        max_length=512,
        mixed_precision=False,
        init_fitted_head=False,
    )
    splits = Splits(frames[0], frames[1], frames[2], short.task)
    run = create_run(workspace, splits, settings, "long", TOY_SOURCE)
    completed = subprocess.run(
        [sys.executable, "-c", IN_LITTLE_MEMORY, str(run.folder), str(workspace.home), "790"],
        # With a fixed threshold the allocator returns freed memory at once, so that it does not count.
        env=os.environ | {"OMP_NUM_THREADS": "1", "MALLOC_MMAP_THRESHOLD_": "1000000"},
        capture_output=True,
        text=True,
        timeout=120,
        cwd=Path(__file__).parents[2],
    )
    assert completed.returncode == 0, completed.stderr[-3000:]
    assert process.read_status(run.folder).state == "finished"
    recorded = Run.open(run.folder).config
    assert (recorded.batch_size, recorded.gradient_accumulation_steps) == (128, 2)
    (problem,) = [problem for problem in problems(events.read(run.folder)) if problem.name == "memory"]
    assert problem.message == "Memory ran out with a batch size of 256."
    assert run.logits("test").shape == (8, 2)
