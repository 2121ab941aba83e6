"""Each setting does what it says in a real training."""

import math
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from core.data.splitting import Splits
from core.jobs.events import Event, Progress, Step, Validation
from core.training.config import TrainingConfig
from core.training.trainer import fine_tune, last_checkpoint
from tests.training.test_trainer import toy, train


def losses(happened: list[Event]) -> list[float]:
    return [event.loss for event in happened if isinstance(event, Step)]


def test_training_ends_early_when_validation_gains_nothing(tiny_encoder: str, tmp_path: Path) -> None:
    happened: list[Event] = []
    settings = {"epochs": 10, "learning_rate": 1e-7, "patience": 1}
    train(toy("binary"), tiny_encoder, tmp_path, happened, **settings)
    progress = [event for event in happened if isinstance(event, Progress)][-1]
    validation_count = [event for event in happened if isinstance(event, Validation)]
    assert progress.total == TrainingConfig(epochs=10, batch_size=8).total_steps(64) == 80
    assert progress.done == 16  # ten validations in 80 steps; the second brings no gain
    assert [event.step for event in validation_count][:2] == [8, 16]


def test_patience_goes_on_counting_after_a_stop(tiny_encoder: str, tmp_path: Path) -> None:
    config = TrainingConfig(
        encoder=tiny_encoder, epochs=10, batch_size=8, max_length=16, learning_rate=1e-7, patience=2
    )
    first: list[Event] = []
    fine_tune(toy("binary"), config, tmp_path, first.append, lambda: len(losses(first)) >= 20)
    rest: list[Event] = []
    fine_tune(toy("binary"), config, tmp_path, rest.append, lambda: False)
    # Validations every 8 steps: the first is the best, those at 16 and 24 bring no gain.
    assert [event for event in rest if isinstance(event, Progress)][-1].done == 24


def test_accumulated_batches_are_one_large_batch(tiny_encoder: str, tmp_path: Path) -> None:
    models = [
        train(
            toy("multiclass"),
            tiny_encoder,
            tmp_path / str(batch),
            epochs=2,
            batch_size=batch,
            gradient_accumulation_steps=gradient_accumulation_steps,
            mixed_precision=False,
        ).model
        for batch, gradient_accumulation_steps in ((8, 1), (4, 2))
    ]
    whole, cut = (model.state_dict() for model in models)
    assert whole.keys() == cut.keys()
    for name, weights in whole.items():
        assert np.allclose(weights, cut[name], atol=1e-5), name


def test_gradient_checkpointing_changes_no_loss(tiny_encoder: str, tmp_path: Path) -> None:
    heard: dict[bool, list[Event]] = {False: [], True: []}
    for checkpointing, happened in heard.items():
        train(
            toy("binary"),
            tiny_encoder,
            tmp_path / str(checkpointing),
            happened,
            epochs=2,
            dropout=0.1,
            gradient_checkpointing=checkpointing,
            mixed_precision=False,
        )
    assert len(losses(heard[True])) == 16
    assert losses(heard[True]) == pytest.approx(losses(heard[False]), abs=1e-5)


@pytest.mark.parametrize(
    "settings",
    [
        {"layer_decay": 0.8},
        {"init_fitted_head": False, "learning_rate": 1e-2, "epochs": 16},  # a random head finds its way late
        {"frozen_layers": 1, "freeze_embeddings": False},
        {"dropout": 0.1},
    ],
)
def test_a_model_learns_with(settings: dict[str, float], tiny_encoder: str, tmp_path: Path) -> None:
    splits = toy("binary")
    happened: list[Event] = []
    classifier = train(splits, tiny_encoder, tmp_path, happened, **settings)
    answers = classifier.logits(splits.test["text"].tolist()).argmax(axis=1)
    assert np.mean(answers == splits.task.encode(splits.test["label"].tolist())) > 0.9
    found = losses(happened)
    assert np.mean(found[-8:]) < 0.5 * np.mean(found[:8])


def test_the_rate_that_events_tell_is_the_one_that_was_set(tiny_encoder: str, tmp_path: Path) -> None:
    heard: dict[float, list[Event]] = {1.0: [], 0.5: []}
    for decay, happened in heard.items():
        train(toy("binary"), tiny_encoder, tmp_path / str(decay), happened, epochs=1, layer_decay=decay)
    same, falling = ([e.learning_rate for e in happened if isinstance(e, Step)] for happened in heard.values())
    assert falling == pytest.approx(same)
    assert max(same) == pytest.approx(5e-3)


def test_frozen_layers_stay_as_they_are_and_the_topmost_learns(tiny_encoder: str, tmp_path: Path) -> None:
    from transformers import BertModel

    before = BertModel.from_pretrained(tiny_encoder).state_dict()
    after = train(toy("binary"), tiny_encoder, tmp_path, epochs=1, frozen_layers=5).model.base_model.state_dict()
    changed = {name for name, weights in before.items() if name in after and not np.array_equal(weights, after[name])}
    # All that changed, but for the pooler, which mean pooling sets and nothing trains.
    assert {name.split(".")[2] for name in changed if not name.startswith("pooler")} == {"1"}


def rare() -> Splits:
    """One text in sixteen is rare, and half of those say so in no word."""
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


def test_balanced_classes_lift_the_recall_of_a_rare_one(tiny_encoder: str, tmp_path: Path) -> None:
    splits = rare()
    rows = pd.concat([splits.train, splits.validation, splits.test])
    is_rare = (rows["label"] == "rare").to_numpy()
    recall = {}
    for balanced in (0.0, 1.0):
        classifier = train(
            splits,
            tiny_encoder,
            tmp_path / str(balanced),
            epochs=5,
            learning_rate=2e-3,
            init_fitted_head=False,
            class_weight_power=balanced,
        )
        found = classifier.logits(rows["text"].tolist()).argmax(axis=1) == 0
        recall[balanced] = float(found[is_rare].mean())
    assert recall[True] > recall[False] + 0.3


def test_label_smoothing_makes_certainty_cost(tiny_encoder: str, tmp_path: Path) -> None:
    heard: dict[float, list[Event]] = {0.0: [], 0.4: []}
    for smoothing, happened in heard.items():
        train(toy("binary"), tiny_encoder, tmp_path / str(smoothing), happened, label_smoothing=smoothing)
    sure, unsure = (float(np.mean(losses(happened)[-8:])) for happened in heard.values())
    assert sure < 0.02
    # Half of 0.4 goes to the other class: no answer costs less than one with the probabilities 0.8 and 0.2.
    assert unsure == pytest.approx(-0.8 * math.log(0.8) - 0.2 * math.log(0.2), abs=0.02)


def test_a_checkpoint_that_was_written_halfway_is_passed_over(tiny_encoder: str, tmp_path: Path) -> None:
    config = TrainingConfig(encoder=tiny_encoder, epochs=4, batch_size=8, learning_rate=5e-3, max_length=16)
    whole: list[Event] = []
    texts = toy("binary").test["text"].tolist()
    expected = fine_tune(toy("binary"), config, tmp_path, whole.append, lambda: False).logits(texts)
    assert last_checkpoint(tmp_path / "nothing") is None
    saved = sorted(tmp_path.glob("checkpoint-*"), key=lambda path: path.stat().st_mtime)
    assert last_checkpoint(tmp_path) == str(saved[-1])
    state = saved[-1] / "trainer_state.json"
    state.write_text(state.read_text()[:100])
    assert last_checkpoint(tmp_path) == str(saved[-2])
    state.unlink()
    (saved[-1] / "optimizer.pt").write_bytes(b"half")
    again: list[Event] = []
    resumed = fine_tune(toy("binary"), config, tmp_path, again.append, lambda: False).logits(texts)
    assert 0 < len(losses(again)) < len(losses(whole))
    assert np.allclose(resumed, expected, atol=1e-4)
