"""The linear probe: the same head whether fine-tuning starts from it, it is a baseline, or a model of its own."""

from pathlib import Path

import numpy as np
import pytest

from core.errors import ModelError
from core.jobs.events import Event, Progress, ignore_event
from core.models.classifier import build_classifier
from core.task import Floats
from core.training.config import TrainingConfig
from core.training.linear_probe import fit_probe, probe_logits
from core.training.trainer import FineTuning, fine_tune
from tests.models.checkpoints import save_checkpoint
from tests.training.cases import damage_encoder, toy


def test_a_probe_predicts_as_the_classifier_with_its_head_does(tiny_encoder: str) -> None:
    splits, events = toy("multiclass"), list[Event]()
    classifier = build_classifier(tiny_encoder, splits.task, 16)
    probe = fit_probe(classifier, splits, 0, events.append, include_test=True)
    texts = [*splits.validation["text"], *splits.test["text"]]
    assert classifier.with_head(probe.head).logits(texts) == pytest.approx(probe.logits, abs=1e-4)
    assert probe.seconds_per_text > 0
    last = events[-1]
    assert isinstance(last, Progress)
    assert (last.done, last.total) == (96, 96)


def test_fine_tuning_reports_the_probe_that_it_starts_from(tiny_encoder: str, tmp_path: Path) -> None:
    splits, reported = toy("binary"), list[Floats]()
    config = TrainingConfig(encoder=tiny_encoder, epochs=1, max_length=16, mixed_precision=False)
    fine_tune(FineTuning(splits, config, tmp_path, on_probe=reported.append))
    (logits,) = reported
    baseline = probe_logits(splits, config)
    assert baseline is not None
    assert logits == pytest.approx(baseline, abs=1e-4)


def test_test_rows_are_encoded_only_on_request(tiny_encoder: str) -> None:
    splits, events = toy("binary"), list[Event]()
    probe = fit_probe(build_classifier(tiny_encoder, splits.task, 16), splits, 0, events.append)
    assert len(probe.logits) == len(splits.validation)
    last = events[-1]
    assert isinstance(last, Progress)
    assert last.total == len(splits.train) + len(splits.validation)


def test_architectures_without_mean_pooling_have_no_probe(tmp_path: Path) -> None:
    splits = toy("binary")
    assert probe_logits(splits, TrainingConfig(encoder=str(save_checkpoint("albert", tmp_path)), max_length=16)) is None


def test_damaged_weights_are_reported(tiny_encoder: str, tmp_path: Path) -> None:
    splits = toy("binary")
    encoder = damage_encoder(tiny_encoder, tmp_path, "encoder.layer.1.output.dense.bias", 0)
    classifier = build_classifier(encoder, splits.task, 16)
    with pytest.raises(ModelError, match="its weights are damaged"):
        fit_probe(classifier, splits, 0, ignore_event)
    assert np.isnan(classifier.features(["the red apple"])).any()
