"""A head on the frozen encoder: the same whether fine-tuning starts from it, it is a baseline, or a model of its own."""

from pathlib import Path

import numpy as np
import pytest

from core.errors import ModelError
from core.jobs.events import Event, Progress
from core.models import classifier as classifiers
from core.task import Floats
from core.training import linear_probe
from core.training.config import TrainingConfig
from core.training.trainer import fine_tune
from tests.models.checkpoints import save
from tests.training.test_diagnostics import damaged
from tests.training.test_trainer import toy


def test_a_probe_answers_for_validation_then_test_as_the_model_with_its_head_does(tiny_encoder: str) -> None:
    splits, happened = toy("multiclass"), list[Event]()
    classifier = classifiers.build(tiny_encoder, splits.task, 16)
    found = linear_probe.fit_probe(classifier, splits, 0, happened.append, answer=True)
    texts = [*splits.validation["text"], *splits.test["text"]]
    assert classifier.with_head(found.head).logits(texts) == pytest.approx(found.logits, abs=1e-4)
    last = happened[-1]
    assert isinstance(last, Progress)
    assert (last.done, last.total) == (96, 96)


def test_what_fine_tuning_starts_from_is_told_and_is_the_instant_model(tiny_encoder: str, tmp_path: Path) -> None:
    splits, told = toy("binary"), list[Floats]()
    config = TrainingConfig(encoder=tiny_encoder, epochs=1, max_length=16, mixed_precision=False)
    fine_tune(splits, config, tmp_path, lambda event: None, lambda: False, told.append)
    (logits,) = told
    instant = linear_probe.answers(splits, config)
    assert instant is not None
    assert logits == pytest.approx(instant, abs=1e-4)


def test_test_rows_are_not_read_unasked(tiny_encoder: str) -> None:
    splits, happened = toy("binary"), list[Event]()
    found = linear_probe.fit_probe(classifiers.build(tiny_encoder, splits.task, 16), splits, 0, happened.append)
    assert len(found.logits) == len(splits.validation)
    last = happened[-1]
    assert isinstance(last, Progress)
    assert last.total == len(splits.train) + len(splits.validation)


def test_there_is_no_instant_model_of_an_architecture_without_mean_pooling(tmp_path: Path) -> None:
    splits = toy("binary")
    assert linear_probe.answers(splits, TrainingConfig(encoder=str(save("albert", tmp_path)), max_length=16)) is None


def test_damaged_weights_are_said(tiny_encoder: str, tmp_path: Path) -> None:
    splits = toy("binary")
    encoder = damaged(tiny_encoder, tmp_path, "encoder.layer.1.output.dense.bias", 0)
    classifier = classifiers.build(encoder, splits.task, 16)
    with pytest.raises(ModelError, match="its weights are damaged"):
        linear_probe.fit_probe(classifier, splits, 0, lambda event: None)
    assert np.isnan(classifier.features(["the red apple"])).any()
