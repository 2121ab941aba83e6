"""The effect of each setting in a real training."""

import math
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from core.data.splitting import Splits
from core.jobs.events import Event, Progress, Step, Validation
from core.training.config import TrainingConfig
from core.training.trainer import FineTuning, fine_tune, last_checkpoint
from tests.training.cases import toy, train


def losses(events: list[Event]) -> list[float]:
    return [event.loss for event in events if isinstance(event, Step)]


def test_training_stops_early_without_improvement_on_validation(tiny_encoder: str, tmp_path: Path) -> None:
    events: list[Event] = []
    train(toy("binary"), tiny_encoder, tmp_path, events, epochs=10, learning_rate=1e-7, patience=1)
    progress = [event for event in events if isinstance(event, Progress)][-1]
    validation_count = [event for event in events if isinstance(event, Validation)]
    assert progress.total == TrainingConfig(epochs=10, batch_size=8).total_steps(64) == 80
    assert progress.done == 16  # ten validations in 80 steps; the second is no improvement
    assert [event.step for event in validation_count][:2] == [8, 16]


def test_patience_continues_after_a_stop(tiny_encoder: str, tmp_path: Path) -> None:
    config = TrainingConfig(
        encoder=tiny_encoder, epochs=10, batch_size=8, max_length=16, learning_rate=1e-7, patience=2
    )
    first: list[Event] = []
    fine_tune(FineTuning(toy("binary"), config, tmp_path, first.append, lambda: len(losses(first)) >= 20))
    rest: list[Event] = []
    fine_tune(FineTuning(toy("binary"), config, tmp_path, rest.append))
    # Validations every 8 steps: the first is the best, those at 16 and 24 are no improvement.
    assert [event for event in rest if isinstance(event, Progress)][-1].done == 24


def test_accumulated_batches_are_equal_to_one_large_batch(tiny_encoder: str, tmp_path: Path) -> None:
    models = [
        train(
            toy("multiclass"),
            tiny_encoder,
            tmp_path / str(batch),
            epochs=2,
            batch_size=batch,
            gradient_accumulation_steps=accumulated,
            mixed_precision=False,
        ).model
        for batch, accumulated in ((8, 1), (4, 2))
    ]
    large, small = (model.state_dict() for model in models)
    assert large.keys() == small.keys()
    for name, weights in large.items():
        assert np.allclose(weights, small[name], atol=1e-5), name


def test_gradient_checkpointing_does_not_change_the_loss(tiny_encoder: str, tmp_path: Path) -> None:
    received: dict[bool, list[Event]] = {False: [], True: []}
    for checkpointing, events in received.items():
        train(
            toy("binary"),
            tiny_encoder,
            tmp_path / str(checkpointing),
            events,
            epochs=2,
            dropout=0.1,
            gradient_checkpointing=checkpointing,
            mixed_precision=False,
        )
    assert len(losses(received[True])) == 16
    assert losses(received[True]) == pytest.approx(losses(received[False]), abs=1e-5)


@pytest.mark.parametrize(
    "settings",
    [
        {"layer_decay": 0.8},
        {"init_fitted_head": False, "learning_rate": 1e-2, "epochs": 16},  # a random head learns slowly
        {"frozen_layers": 1, "freeze_embeddings": False},
        {"dropout": 0.1},
    ],
)
def test_a_task_is_learned_with_settings(settings: dict[str, float], tiny_encoder: str, tmp_path: Path) -> None:
    splits = toy("binary")
    events: list[Event] = []
    classifier = train(splits, tiny_encoder, tmp_path, events, **settings)
    predicted = classifier.logits(splits.test["text"].tolist()).argmax(axis=1)
    assert np.mean(predicted == splits.task.encode(splits.test["label"].tolist())) > 0.9
    assert np.mean(losses(events)[-8:]) < 0.5 * np.mean(losses(events)[:8])


def test_the_reported_learning_rate_is_the_one_of_the_settings(tiny_encoder: str, tmp_path: Path) -> None:
    received: dict[float, list[Event]] = {1.0: [], 0.5: []}
    for decay, events in received.items():
        train(toy("binary"), tiny_encoder, tmp_path / str(decay), events, epochs=1, layer_decay=decay)
    uniform, layer_wise = ([e.learning_rate for e in events if isinstance(e, Step)] for events in received.values())
    assert layer_wise == pytest.approx(uniform)
    assert max(uniform) == pytest.approx(5e-3)


def test_frozen_layers_do_not_change_and_the_top_layer_learns(tiny_encoder: str, tmp_path: Path) -> None:
    from transformers import BertModel

    before = BertModel.from_pretrained(tiny_encoder).state_dict()
    after = train(toy("binary"), tiny_encoder, tmp_path, epochs=1, frozen_layers=5).model.base_model.state_dict()
    changed = {name for name, weights in before.items() if name in after and not np.array_equal(weights, after[name])}
    # Only the second layer changed, apart from the pooler, which mean pooling sets and nothing trains.
    assert {name.split(".")[2] for name in changed if not name.startswith("pooler")} == {"1"}


def imbalanced() -> Splits:
    """Splits in which one text in sixteen is of the rare class, and its word is missing in many of these."""
    words = ("apple", "cherry", "plum", "sky", "sea", "ice", "red", "blue")
    random = np.random.default_rng(3)
    rows = []
    for i in range(320):
        is_rare = i % 16 == 0
        chosen = [*random.choice(words, 3), "cold" if random.random() < (0.6 if is_rare else 0.12) else "sweet"]
        rows.append(
            {"row": i, "text": " ".join([*map(str, chosen), "very", "one"]), "label": "rare" if is_rare else "usual"}
        )
    frame = pd.DataFrame(rows)
    task = type(toy("binary").task)("binary", ("rare", "usual"))
    return Splits(frame[:192], frame[192:256].reset_index(drop=True), frame[256:].reset_index(drop=True), task)


@pytest.mark.slow
def test_class_weights_raise_the_recall_of_a_rare_class(tiny_encoder: str, tmp_path: Path) -> None:
    splits = imbalanced()
    rows = pd.concat([splits.train, splits.validation, splits.test])
    is_rare = (rows["label"] == "rare").to_numpy()
    recall = {}
    for power in (0.0, 1.0):
        classifier = train(
            splits,
            tiny_encoder,
            tmp_path / str(power),
            epochs=5,
            learning_rate=2e-3,
            init_fitted_head=False,
            class_weight_power=power,
        )
        predicted_rare = classifier.logits(rows["text"].tolist()).argmax(axis=1) == 0
        recall[power] = float(predicted_rare[is_rare].mean())
    assert recall[1.0] > recall[0.0] + 0.3


@pytest.mark.slow
def test_label_smoothing_raises_the_loss_of_confident_predictions(tiny_encoder: str, tmp_path: Path) -> None:
    received: dict[float, list[Event]] = {0.0: [], 0.4: []}
    for smoothing, events in received.items():
        train(toy("binary"), tiny_encoder, tmp_path / str(smoothing), events, label_smoothing=smoothing)
    plain, smoothed = (float(np.mean(losses(events)[-8:])) for events in received.values())
    assert plain < 0.02
    # Half of 0.4 goes to the other class: the lowest loss is that of the probabilities 0.8 and 0.2.
    assert smoothed == pytest.approx(-0.8 * math.log(0.8) - 0.2 * math.log(0.2), abs=0.02)


def test_an_incomplete_checkpoint_is_skipped(tiny_encoder: str, tmp_path: Path) -> None:
    config = TrainingConfig(encoder=tiny_encoder, epochs=4, batch_size=8, learning_rate=5e-3, max_length=16)
    whole: list[Event] = []
    texts = toy("binary").test["text"].tolist()
    expected = fine_tune(FineTuning(toy("binary"), config, tmp_path, whole.append)).logits(texts)
    assert last_checkpoint(tmp_path / "nothing") is None
    saved = sorted(tmp_path.glob("checkpoint-*"), key=lambda path: path.stat().st_mtime)
    assert last_checkpoint(tmp_path) == str(saved[-1])
    state = saved[-1] / "trainer_state.json"
    state.write_text(state.read_text()[:100])
    assert last_checkpoint(tmp_path) == str(saved[-2])
    state.unlink()
    (saved[-1] / "optimizer.pt").write_bytes(b"half")
    rest: list[Event] = []
    resumed = fine_tune(FineTuning(toy("binary"), config, tmp_path, rest.append)).logits(texts)
    assert 0 < len(losses(rest)) < len(losses(whole))
    assert np.allclose(resumed, expected, atol=1e-4)
