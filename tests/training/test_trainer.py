"""Fine-tuning of a tiny random encoder on texts in which one word decides the label."""

import math
from pathlib import Path

import numpy as np
import pytest

from core.data.splitting import Splits
from core.evaluation.metrics.summary import summarize
from core.jobs.events import Event, Phase, Progress, Step, Validation
from core.models.classifier import Classifier
from core.training.config import TrainingConfig
from core.training.trainer import FineTuning, fine_tune
from tests.training.cases import LABELS, toy, train


def score(classifier: Classifier, splits: Splits) -> dict[str, float]:
    y_true = splits.task.encode(splits.test["label"].tolist())
    return summarize(splits.task, y_true, classifier.logits(splits.test["text"].tolist()))


@pytest.mark.parametrize("kind", LABELS)
def test_every_task_is_learned(kind: str, tiny_encoder: str, tmp_path: Path) -> None:
    splits = toy(kind)
    metrics = score(train(splits, tiny_encoder, tmp_path), splits)
    assert metrics[{"regression": "r2", "multilabel": "f1_micro"}.get(kind, "accuracy")] > 0.9


def test_the_same_seed_gives_the_same_model(tiny_encoder: str, tmp_path: Path) -> None:
    splits = toy("regression")
    texts = splits.test["text"].tolist()
    first, same, other = (
        train(splits, tiny_encoder, tmp_path / str(i), epochs=1, seed=seed).logits(texts)
        for i, seed in enumerate((1, 1, 2))
    )
    assert np.array_equal(first, same)
    assert not np.array_equal(first, other)


def test_the_events_of_a_training(tiny_encoder: str, tmp_path: Path) -> None:
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
    classifier = fine_tune(FineTuning(splits, config, tmp_path, events.append, lambda: True))
    assert max(event.step for event in events if isinstance(event, Validation)) == 1
    assert classifier.logits(splits.test["text"].tolist()).shape == (len(splits.test), 2)


def test_a_training_resumes_from_its_last_checkpoint(tiny_encoder: str, tmp_path: Path) -> None:
    splits = toy("binary")
    config = TrainingConfig(encoder=tiny_encoder, epochs=4, batch_size=8, learning_rate=5e-3)
    whole: list[Event] = []
    fine_tune(FineTuning(splits, config, tmp_path / "whole", whole.append))
    first: list[Event] = []

    def after_16_steps() -> bool:
        return len([event for event in first if isinstance(event, Step)]) >= 16

    fine_tune(FineTuning(splits, config, tmp_path / "parts", first.append, after_16_steps))
    rest: list[Event] = []
    fine_tune(FineTuning(splits, config, tmp_path / "parts", rest.append))
    losses = {event.step: event.loss for event in whole if isinstance(event, Step)}
    resumed = {event.step: event.loss for event in rest if isinstance(event, Step)}
    assert 1 < min(resumed) <= 17
    assert {step: pytest.approx(losses[step], abs=1e-4) for step in resumed} == resumed


@pytest.mark.slow
@pytest.mark.parametrize("architecture", ["distilbert", "roberta"])
def test_other_architectures_are_trained_too(architecture: str, tiny_encoder: str, tmp_path: Path) -> None:
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
    assert score(classifier, splits)["accuracy"] > 0.9


@pytest.mark.slow
def test_a_task_is_learned_with_token_masking(tiny_encoder: str, tmp_path: Path) -> None:
    splits = toy("binary")
    classifier = train(splits, tiny_encoder, tmp_path, token_mask_rate=0.2, epochs=16)
    assert score(classifier, splits)["accuracy"] > 0.9
    texts = splits.test["text"].tolist()
    unmasked = classifier.logits(texts)
    classifier.model.train()  # there is no dropout here; masking would change the logits
    assert classifier.logits(texts) == pytest.approx(unmasked, abs=1e-5)


@pytest.mark.slow
def test_a_run_that_lost_its_initial_weights_resumes_anyway(tiny_encoder: str, tmp_path: Path) -> None:
    splits = toy("binary")
    config = TrainingConfig(
        encoder=tiny_encoder, learning_rate=5e-3, batch_size=8, max_length=16, epochs=4, mixed_precision=False
    )
    expected = fine_tune(FineTuning(splits, config, tmp_path / "whole"))
    events: list[Event] = []

    def after_validation() -> bool:
        return any(isinstance(event, Validation) for event in events)

    fine_tune(FineTuning(splits, config, tmp_path / "parts", events.append, after_validation))
    (tmp_path / "parts" / "start.safetensors").unlink()
    resumed = fine_tune(FineTuning(splits, config, tmp_path / "parts"))
    texts = splits.test["text"].tolist()
    assert resumed.logits(texts) == pytest.approx(expected.logits(texts), abs=1e-4)
