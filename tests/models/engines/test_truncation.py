"""A model that reads the beginning and the end of long texts does so after saving, in every engine."""

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from core.models.classifier import save_head, save_pretrained
from core.models.engines.base import ONNX_FP32, OPENVINO_FP32, TORCH, is_installed
from core.models.engines.load import load_engine, load_feature_encoder
from core.models.record import RECORD_FILE, read_model_record
from tests.models.engines.cases import MAX_LENGTH, TASKS, build_model, torch_logits

# 22 word pieces are read: 6 and 16.
HEAD, TAIL = "the red apple is very sweet", "a blue sea was cold " * 4
TEXTS = [f"{HEAD} {TAIL}", f"{HEAD} {'sky ' * 40}{TAIL}", f"{HEAD} {'ice ' * 40}{TAIL}", "the sky"]


@pytest.fixture(scope="module", params=["whole", "head"])
def model(request: pytest.FixtureRequest, tiny_encoder: str, tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp(request.param) / "model"
    classifier = replace(build_model(tiny_encoder, TASKS[1]), truncation="head_tail")
    (save_pretrained if request.param == "whole" else save_head)(classifier, folder)
    return folder


@pytest.mark.parametrize("name", [TORCH, ONNX_FP32, OPENVINO_FP32])
def test_the_middle_of_a_long_text_has_no_effect_and_its_end_has(model: Path, name: str) -> None:
    if not is_installed(name):
        pytest.skip("OpenVINO is not installed")
    logits = load_engine(model, name).logits([*TEXTS, f"{TEXTS[1]} ice ice ice"])
    assert logits[2] == pytest.approx(logits[1], abs=1e-5)
    assert np.abs(logits[4] - logits[1]).max() > 1e-3
    assert logits[: len(TEXTS)] == pytest.approx(torch_logits(model, TEXTS), abs=1e-4)


def test_a_record_without_the_field_means_the_beginning(model: Path) -> None:
    assert read_model_record(model).truncation == "head_tail"
    file = model / RECORD_FILE
    saved = file.read_text(encoding="utf-8")
    record = json.loads(saved)
    del record["truncation"]
    file.write_text(json.dumps(record), encoding="utf-8")
    try:
        assert read_model_record(model).truncation == "head"
        beginning = load_engine(model, ONNX_FP32).logits(TEXTS)
        assert np.abs(beginning[2] - beginning[1]).max() > 1e-3
    finally:
        file.write_text(saved, encoding="utf-8")


def test_frozen_features_are_those_of_the_same_tokens(tiny_encoder: str, tmp_path: Path) -> None:
    classifier = replace(build_model(tiny_encoder, TASKS[1]), truncation="head_tail")
    encoder = load_feature_encoder(tiny_encoder, MAX_LENGTH, home=tmp_path, truncation="head_tail")
    assert encoder.features(TEXTS) == pytest.approx(classifier.features(TEXTS), abs=1e-4)
