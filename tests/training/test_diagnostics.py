"""What goes wrong in a training is recognised, named and, where that is possible, mended."""

import json
import os
import shutil
import subprocess
import sys
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from safetensors.torch import load_file, save_file
from transformers import BertConfig, BertModel, BertTokenizer

from core.data.splitting import SplitConfig, Splits
from core.errors import ModelError, RunError
from core.experiments.worker import work
from core.jobs import events, process
from core.jobs.events import Event, Problem, Step
from core.models.classifier import Classifier
from core.runs import Run, create_run
from core.task import Task
from core.training import diagnostics, trainer
from core.training.config import TrainingConfig
from core.training.trainer import fine_tune
from core.workspace import Workspace
from tests.conftest import WORDS
from tests.training.test_trainer import toy, train

CONFIG = TrainingConfig(learning_rate=1e-3, seed=7, epochs=3)


def troubles(happened: list[Event]) -> list[Problem]:
    return [event for event in happened if isinstance(event, Problem)]


def test_a_loss_that_grows_half_as_much_again_diverges() -> None:
    steady, grown = [1.0] * 15, [1.6] * 5
    found = diagnostics.diverging_loss(steady + grown, CONFIG)  # quarters of five: mean 1.0 and 1.6
    assert found is not None
    assert "from 1.00 to 1.60" in found.message
    assert found.changes == {"learning_rate": pytest.approx(2e-4)}
    assert diagnostics.diverging_loss(steady + [1.5] * 5, CONFIG) is None  # at the limit, not beyond
    assert diagnostics.diverging_loss(grown * 4, CONFIG) is None  # high throughout
    assert diagnostics.diverging_loss([1.0] * 10 + [9.0] * 9, CONFIG) is None  # 19 steps are too few to tell


def test_one_answer_to_every_text_is_a_collapse() -> None:
    task, targets = Task("binary", ("cold", "fruit")), np.asarray([0, 1, 1])
    same = np.asarray([[0.0, 1.0], [0.2, 0.3], [-1.0, 0.0]], dtype=np.float32)
    found = diagnostics.collapsed_predictions(task, targets, same, CONFIG)
    assert found is not None
    assert "“fruit” to every" in found.message
    assert found.changes == {"learning_rate": 5e-4, "epochs": 6, "class_weight_power": 1.0, "seed": 8}
    mixed = same * np.asarray([[1], [-1], [1]], dtype=np.float32)  # the second row is "cold" now
    assert diagnostics.collapsed_predictions(task, targets, mixed, CONFIG) is None
    assert diagnostics.collapsed_predictions(task, np.ones(3), same, CONFIG) is None  # nothing else was to be answered
    assert diagnostics.collapsed_predictions(Task("multilabel", ("a", "b")), targets, same, CONFIG) is None


def test_memory_that_runs_out_halves_the_batch_and_keeps_the_step() -> None:
    found = diagnostics.out_of_memory(TrainingConfig(batch_size=16, gradient_accumulation_steps=2))
    assert found is not None
    trouble, smaller = found
    assert (smaller.batch_size, smaller.gradient_accumulation_steps, smaller.effective_batch_size) == (8, 4, 32)
    assert "batches of 16" in trouble.message
    assert diagnostics.out_of_memory(TrainingConfig(batch_size=1)) is None


@pytest.mark.parametrize("seed", [0, 2**32 - 1])
def test_what_is_proposed_is_always_allowed(seed: int) -> None:
    config = TrainingConfig(learning_rate=1e-7, epochs=100, seed=seed)
    task, targets = Task("binary", ("a", "b")), np.asarray([0, 1])
    collapse = diagnostics.collapsed_predictions(task, targets, np.zeros((2, 2), dtype=np.float32), config)
    growth = diagnostics.diverging_loss([1.0] * 20 + [9.0] * 20, config)
    for trouble in (diagnostics.nonfinite_loss(1, config), collapse, growth):
        assert trouble is not None
        TrainingConfig.from_json(config.to_json() | trouble.changes)


def damaged(encoder: str, folder: Path, tensor: str, row: int) -> str:
    """A copy of the encoder with one weight that is no number."""
    copy = Path(shutil.copytree(encoder, folder / "damaged"))
    weights = load_file(copy / "model.safetensors")
    weights[tensor][row] = float("nan")
    save_file(weights, copy / "model.safetensors", {"format": "pt"})
    return str(copy)


def test_a_loss_that_is_no_number_ends_the_training_at_once(tiny_encoder: str, tmp_path: Path) -> None:
    encoder = damaged(tiny_encoder, tmp_path, "encoder.layer.1.output.dense.bias", 0)
    happened: list[Event] = []
    with pytest.raises(RunError, match="stopped being a number at step 1") as caught:
        train(toy("binary"), encoder, tmp_path / "run", happened, init_fitted_head=False)
    assert "Try 5e-04" in caught.value.hint
    (trouble,) = troubles(happened)
    assert (trouble.name, trouble.message) == ("nan", caught.value.message)
    assert trouble.changes == {"learning_rate": pytest.approx(5e-4), "mixed_precision": False}
    assert not any(isinstance(event, Step) for event in happened)


def test_answers_that_are_no_numbers_end_it_too(tiny_encoder: str, tmp_path: Path) -> None:
    """The word that no training text has makes only the validation go wrong."""
    splits = toy("binary")
    without = splits.train[~splits.train["text"].str.contains("ice")].reset_index(drop=True)
    row = json.loads(Path(tiny_encoder, "tokenizer.json").read_text())["model"]["vocab"]["ice"]
    encoder = damaged(tiny_encoder, tmp_path, "embeddings.word_embeddings.weight", row)
    happened: list[Event] = []
    with pytest.raises(RunError, match="stopped being a number"):
        train(replace(splits, train=without), encoder, tmp_path / "run", happened, init_fitted_head=False)
    assert [trouble.name for trouble in troubles(happened)] == ["nan"]
    assert any(isinstance(event, Step) for event in happened)


@pytest.mark.parametrize("method", ["instant", "fine-tune"])
def test_an_encoder_with_damaged_weights_is_named(
    method: str, workspace: Workspace, tiny_encoder: str, tmp_path: Path
) -> None:
    encoder = damaged(tiny_encoder, tmp_path, "encoder.layer.0.output.dense.bias", 3)
    run = create_training_run(workspace, TrainingConfig(encoder=encoder, method=method))  # type: ignore[arg-type]
    with pytest.raises(ModelError, match="no numbers: its weights are damaged"):
        work(run, workspace.home)
    assert process.read_status(run.folder).state == "failed"


def test_a_model_that_learned_nothing_is_said_to_answer_always_the_same(tiny_encoder: str, tmp_path: Path) -> None:
    happened: list[Event] = []
    splits = toy("binary")
    one_sided = splits.train[
        (splits.train["label"] == "fruit")
        | (splits.train.index == splits.train.index[splits.train["label"] == "cold"][0])
    ]
    few = type(splits)(one_sided, splits.validation, splits.test, splits.task)
    train(few, tiny_encoder, tmp_path, happened, epochs=3, init_fitted_head=False)
    (trouble,) = troubles(happened)
    assert trouble.name == "collapse"
    assert "“fruit” to every validation text" in trouble.message


def create_training_run(workspace: Workspace, config: TrainingConfig) -> Run:
    return create_run(workspace, toy("binary"), config.to_json(), "toy", {"name": "toy"}, SplitConfig())


def test_a_second_time_out_of_memory_ends_the_run_in_plain_words(
    workspace: Workspace, tiny_encoder: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[int] = []

    def never_enough(splits: object, config: TrainingConfig, *rest: object) -> None:
        asked.append(config.batch_size)
        raise RuntimeError("DefaultCPUAllocator: can't allocate memory")

    monkeypatch.setattr(trainer, "fine_tune", never_enough)
    run = create_training_run(workspace, TrainingConfig(encoder=tiny_encoder, batch_size=8))
    with pytest.raises(RuntimeError, match="allocate"):
        work(run, workspace.home)
    assert asked == [8, 4]
    assert process.read_status(run.folder).message == "The machine ran out of memory."


def test_memory_that_comes_back_is_used_with_half_the_batch(
    workspace: Workspace, tiny_encoder: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    def not_at_first(splits: Splits, config: TrainingConfig, checkpoints: Path, *rest: Any) -> Classifier:
        if config.batch_size == 8:
            checkpoints.mkdir()
            raise RuntimeError("DefaultCPUAllocator: can't allocate memory")
        assert not checkpoints.exists()
        return fine_tune(splits, config, checkpoints, *rest)

    monkeypatch.setattr(trainer, "fine_tune", not_at_first)
    run = create_training_run(workspace, TrainingConfig(encoder=tiny_encoder, batch_size=8, epochs=1))
    work(run, workspace.home)
    assert process.read_status(run.folder).state == "finished"
    record = Run.open(run.folder).record
    assert (record.config["batch_size"], record.config["gradient_accumulation_steps"]) == (4, 2)
    assert [trouble.name for trouble in troubles(events.read(run.folder))] == ["memory"]


IN_LITTLE_MEMORY = """
import resource, sys
from pathlib import Path
import psutil
from core import host
from core.runs import Run
from core.training import trainer
from core.experiments.worker import work

host.cores = lambda: 1
limit = psutil.Process().memory_info().data + int(sys.argv[3]) * 10**6
resource.setrlimit(resource.RLIMIT_DATA, (limit, limit))
work(Run.open(Path(sys.argv[1])), Path(sys.argv[2]))
"""


@pytest.mark.skipif(sys.platform != "linux", reason="limits the data of a process as Linux does")
def test_a_batch_too_large_for_the_machine_is_halved(workspace: Workspace, tmp_path: Path) -> None:
    """For real: a step of 256 texts of 512 word pieces takes 1,020 MB, one of 128 takes 570; there are 790."""
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
    run = create_run(workspace, splits, settings.to_json(), "long", {"name": "long"}, SplitConfig())
    done = subprocess.run(
        [sys.executable, "-c", IN_LITTLE_MEMORY, str(run.folder), str(workspace.home), "790"],
        # A fixed threshold makes the allocator give back at once what was freed, or what counts is what was once taken.
        env=os.environ | {"OMP_NUM_THREADS": "1", "MALLOC_MMAP_THRESHOLD_": "1000000"},
        capture_output=True,
        text=True,
        timeout=120,
        cwd=Path(__file__).parents[2],
    )
    assert done.returncode == 0, done.stderr[-3000:]
    assert process.read_status(run.folder).state == "finished"
    record = Run.open(run.folder).record
    assert (record.config["batch_size"], record.config["gradient_accumulation_steps"]) == (128, 2)
    (trouble,) = troubles([event for event in events.read(run.folder) if getattr(event, "name", "") == "memory"])
    assert trouble.message == "Memory ran out with batches of 256 texts."
    assert run.logits("test").shape == (8, 2)
