"""Real training of a tiny random encoder on texts that one word gives away."""

import math
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from core.data.splitting import Splits
from core.evaluation.metrics.summary import summarize
from core.jobs.events import Event, Phase, Progress, Step, Validation
from core.models.classifier import Classifier
from core.task import Label, Task
from core.training.config import TrainingConfig
from core.training.trainer import fine_tune

WARM, COLD = ("apple", "cherry", "plum"), ("sky", "sea", "ice")
LABELS: dict[str, tuple[Task, Label, Label]] = {
    "binary": (Task("binary", ("cold", "fruit")), "fruit", "cold"),
    "multiclass": (Task("multiclass", ("cold", "fruit", "never")), "fruit", "cold"),
    "multilabel": (Task("multilabel", ("blue", "sweet")), ["sweet"], ["blue"]),
    "regression": (Task("regression", ()), 108.0, 92.0),
}


def toy(kind: str) -> Splits:
    task, warm, cold = LABELS[kind]
    rows = [
        {"text": f"{first} {word} is very {last}", "label": label}
        for first in ("the", "a", "one", "two")
        for last in ("sweet", "cold", "red", "blue")
        for words, label in ((WARM, warm), (COLD, cold))
        for word in words
    ]
    frame = pd.DataFrame(rows).sample(frac=1, random_state=0).reset_index(drop=True)
    frame.insert(0, "row", range(len(frame)))
    return Splits(frame[:64], frame[64:80].reset_index(drop=True), frame[80:].reset_index(drop=True), task)


def train(splits: Splits, encoder: str, folder: Path, events: list[Event] | None = None, **config: float) -> Classifier:
    settings = {"epochs": 8, "learning_rate": 5e-3, "batch_size": 8, "max_length": 16} | config
    heard = [] if events is None else events
    return fine_tune(splits, TrainingConfig(encoder=encoder, **settings), folder, heard.append, lambda: False)  # type: ignore[arg-type]


@pytest.mark.parametrize("kind", LABELS)
def test_every_task_is_learned(kind: str, tiny_encoder: str, tmp_path: Path) -> None:
    splits = toy(kind)
    classifier = train(splits, tiny_encoder, tmp_path)
    found = summarize(
        splits.task, splits.task.encode(splits.test["label"].tolist()), classifier.logits(splits.test["text"].tolist())
    )
    name = {"regression": "r2", "multilabel": "f1_micro"}.get(kind, "accuracy")
    assert found[name] > 0.9


def test_the_same_seed_gives_the_same_model(tiny_encoder: str, tmp_path: Path) -> None:
    splits = toy("regression")
    texts = splits.test["text"].tolist()
    one, same, other = (
        train(splits, tiny_encoder, tmp_path / str(i), epochs=1, seed=seed).logits(texts)
        for i, seed in enumerate((1, 1, 2))
    )
    assert np.array_equal(one, same)
    assert not np.array_equal(one, other)


def test_events_tell_the_whole_story(tiny_encoder: str, tmp_path: Path) -> None:
    events: list[Event] = []
    train(toy("binary"), tiny_encoder, tmp_path, events)
    assert [event.name for event in events if isinstance(event, Phase)] == ["loading", "features", "training"]
    steps = [event for event in events if isinstance(event, Step)]
    assert all(math.isfinite(step.loss) for step in steps)
    assert steps[0].learning_rate < max(step.learning_rate for step in steps) > steps[-1].learning_rate
    assert len([event for event in events if isinstance(event, Validation)]) >= 4
    last = [event for event in events if isinstance(event, Progress)][-1]
    assert last.done == last.total == TrainingConfig(epochs=8, batch_size=8).total_steps(64)


def test_stopping_at_the_first_step_keeps_a_usable_model(tiny_encoder: str, tmp_path: Path) -> None:
    splits = toy("binary")
    config = TrainingConfig(encoder=tiny_encoder, epochs=50, batch_size=8)
    events: list[Event] = []
    classifier = fine_tune(splits, config, tmp_path, events.append, lambda: True)
    assert max(event.step for event in events if isinstance(event, Validation)) == 1
    assert classifier.logits(splits.test["text"].tolist()).shape == (len(splits.test), 2)


def test_a_run_goes_on_from_its_last_checkpoint(tiny_encoder: str, tmp_path: Path) -> None:
    splits = toy("binary")
    config = TrainingConfig(encoder=tiny_encoder, epochs=4, batch_size=8, learning_rate=5e-3)
    whole: list[Event] = []
    fine_tune(splits, config, tmp_path / "whole", whole.append, lambda: False)
    first: list[Event] = []
    fine_tune(
        splits, config, tmp_path / "parts", first.append, lambda: len([e for e in first if isinstance(e, Step)]) >= 16
    )
    rest: list[Event] = []
    fine_tune(splits, config, tmp_path / "parts", rest.append, lambda: False)
    losses = {event.step: event.loss for event in whole if isinstance(event, Step)}
    resumed = {event.step: event.loss for event in rest if isinstance(event, Step)}
    assert 1 < min(resumed) <= 17
    assert {step: pytest.approx(losses[step], abs=1e-4) for step in resumed} == resumed


@pytest.mark.parametrize("architecture", ["distilbert", "roberta"])
def test_other_architectures_train_too(architecture: str, tiny_encoder: str, tmp_path: Path) -> None:
    from transformers import AutoModel, AutoTokenizer, DistilBertConfig, RobertaConfig

    tokenizer = AutoTokenizer.from_pretrained(tiny_encoder)
    vocabulary = len(tokenizer)
    config = {
        "distilbert": DistilBertConfig(vocab_size=vocabulary, dim=32, n_layers=1, n_heads=2, hidden_dim=64),
        "roberta": RobertaConfig(
            vocab_size=vocabulary,
            hidden_size=32,
            num_hidden_layers=1,
            num_attention_heads=2,
            intermediate_size=64,
            pad_token_id=0,
        ),
    }[architecture]
    AutoModel.from_config(config).save_pretrained(tmp_path / "encoder")
    tokenizer.save_pretrained(tmp_path / "encoder")
    splits = toy("binary")
    classifier = train(splits, str(tmp_path / "encoder"), tmp_path / "run")
    found = summarize(
        splits.task, splits.task.encode(splits.test["label"].tolist()), classifier.logits(splits.test["text"].tolist())
    )
    assert found["accuracy"] > 0.9


def test_hidden_words_do_not_keep_a_task_from_being_learned(tiny_encoder: str, tmp_path: Path) -> None:
    splits, heard = toy("binary"), list[Event]()
    classifier = train(splits, tiny_encoder, tmp_path, heard, token_mask_rate=0.2, epochs=16)
    assert (
        summarize(
            splits.task,
            splits.task.encode(splits.test["label"].tolist()),
            classifier.logits(splits.test["text"].tolist()),
        )["accuracy"]
        > 0.9
    )
    assert not classifier.model._forward_pre_hooks


def test_a_run_whose_start_was_lost_goes_on_all_the_same(tiny_encoder: str, tmp_path: Path) -> None:
    splits, settings = toy("binary"), {"epochs": 4, "mixed_precision": False}
    config = TrainingConfig(encoder=tiny_encoder, learning_rate=5e-3, batch_size=8, max_length=16, **settings)  # type: ignore[arg-type]
    expected = fine_tune(splits, config, tmp_path / "whole", lambda event: None, lambda: False)
    heard = list[Event]()
    fine_tune(splits, config, tmp_path / "parts", heard.append, lambda: any(isinstance(e, Validation) for e in heard))
    (tmp_path / "parts" / "start.safetensors").unlink()
    found = fine_tune(splits, config, tmp_path / "parts", lambda event: None, lambda: False)
    texts = splits.test["text"].tolist()
    assert found.logits(texts) == pytest.approx(expected.logits(texts), abs=1e-4)
