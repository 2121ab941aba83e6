"""Frozen features: the same by every way of computing them."""

from pathlib import Path

import pytest

from core.errors import ModelError
from core.models.classifier import Classifier, build_classifier
from core.models.engines.load import FeatureEncoder
from core.models.features import load_frozen_encoder
from core.models.truncation import Truncation
from core.task import Task
from tests.models.checkpoints import save_checkpoint

TEXTS = ["red apple", "cold sea and blue sky", "ice"]


@pytest.mark.parametrize("truncation", ["head", "head_tail"])
def test_features_are_those_of_torch(truncation: Truncation, tiny_encoder: str) -> None:
    encoder = load_frozen_encoder(tiny_encoder, 5, truncation)
    classifier = build_classifier(tiny_encoder, Task("regression", ()), 5, truncation)
    assert isinstance(encoder, FeatureEncoder)
    assert (encoder.encoder, encoder.max_length) == (classifier.encoder, classifier.max_length)
    assert encoder.features(TEXTS) == pytest.approx(classifier.features(TEXTS), abs=1e-4)


def test_torch_computes_them_where_onnx_runtime_is_missing(tiny_encoder: str, monkeypatch: pytest.MonkeyPatch) -> None:
    exported = load_frozen_encoder(tiny_encoder, 16)
    monkeypatch.setattr("core.models.features.is_installed", lambda engine: False)
    encoder = load_frozen_encoder(tiny_encoder, 16)
    assert isinstance(encoder, Classifier)
    assert encoder.features(TEXTS) == pytest.approx(exported.features(TEXTS), abs=1e-4)


def test_other_architectures_have_none(tmp_path: Path) -> None:
    with pytest.raises(ModelError, match="Frozen features need"):
        load_frozen_encoder(str(save_checkpoint("albert", tmp_path)), 16)
