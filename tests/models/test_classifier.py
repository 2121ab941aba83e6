"""Pooling, heads and both forms of a saved model, on the built-in encoder."""

import json
import shutil
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import torch
from transformers import AutoModel, AutoTokenizer

from core.errors import ModelError
from core.evaluation.decisions.predictions import make_predictions
from core.evaluation.decisions.weight_correction import Calibration
from core.models.classifier import (
    Classifier,
    build_classifier,
    calibrate_output,
    load_classifier,
    output_layer,
    save_head,
    save_pretrained,
    scale_output,
)
from core.models.demo import DEMO_MODEL
from core.models.encoders import BUILT_IN, built_in_folder
from core.models.head import POOLED_SCALE, Head
from core.models.pooling import DirectPooling, restored_pooling_layer
from core.task import Task

TASK = Task("multiclass", ("cold", "fruit", "other"))
RECORD = {
    "form": "head",
    "task": {"kind": "multiclass", "labels": ["a", "b", "c"]},
    "encoder": BUILT_IN,
    "max_length": 64,
}
TEXTS = ["a red apple", "the deep blue sea is cold today", "please renew my passport before the trip", "ice"]


def with_field(name: str, value: object, task: object = RECORD["task"]) -> bytes:
    """A valid studio.json with one field changed."""
    return json.dumps({**RECORD, "task": task, name: value}).encode()


@pytest.fixture(scope="module")
def classifier() -> Classifier:
    untrained = build_classifier(BUILT_IN, TASK, 64)
    weight = np.random.default_rng(0).normal(size=(3, 384)).astype(np.float32)
    return untrained.with_head(Head(weight, np.asarray([0.1, 0.0, -0.1], dtype=np.float32), 1.0))


@pytest.fixture(scope="module")
def saved_model(classifier: Classifier, tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("saved")
    save_pretrained(classifier, folder)
    return folder


def test_features_are_the_normalized_mean_of_the_plain_encoder(classifier: Classifier) -> None:
    plain = AutoModel.from_pretrained(built_in_folder()).eval()
    for text, feature in zip(TEXTS, classifier.features(TEXTS), strict=True):
        with torch.inference_mode():
            hidden = plain(**classifier.tokenizer(text, return_tensors="pt")).last_hidden_state[0]
        mean = torch.nn.functional.layer_norm(hidden.mean(0), (384,))
        assert feature == pytest.approx(torch.tanh(POOLED_SCALE * mean).numpy(), abs=2e-3)


def test_direct_pooling_equals_the_saved_layer(classifier: Classifier) -> None:
    direct = classifier.logits(TEXTS)
    with restored_pooling_layer(classifier.model):
        assert not any(isinstance(module, DirectPooling) for module in classifier.model.modules())
        assert classifier.logits(TEXTS) == pytest.approx(direct, abs=1e-5)
    assert any(isinstance(module, DirectPooling) for module in classifier.model.modules())


def test_logits_do_not_depend_on_order_or_padding(classifier: Classifier) -> None:
    logits = classifier.logits(TEXTS)
    one_by_one = np.concatenate([classifier.logits([text]) for text in TEXTS])
    assert logits == pytest.approx(one_by_one, abs=1e-4)
    assert classifier.logits(TEXTS[::-1]) == pytest.approx(logits[::-1], abs=1e-4)


def test_logits_are_the_head_applied_to_the_features(classifier: Classifier) -> None:
    layer = output_layer(classifier.model)
    expected = classifier.features(TEXTS) @ layer.weight.detach().numpy().T + layer.bias.detach().numpy()
    assert classifier.logits(TEXTS) == pytest.approx(expected, abs=1e-4)


def test_progress_reaches_the_end(classifier: Classifier) -> None:
    progress: list[tuple[int, int]] = []
    classifier.logits(TEXTS, lambda done, total: progress.append((done, total)))
    assert progress[-1] == (4, 4)
    assert classifier.logits([]).shape == (0, 3)


_PLAIN = """
import json, sys
from transformers import AutoModelForSequenceClassification, AutoTokenizer
import torch
folder, texts = sys.argv[1], json.loads(sys.argv[2])
model, tokenizer = AutoModelForSequenceClassification.from_pretrained(folder).eval(), AutoTokenizer.from_pretrained(folder)
with torch.inference_mode():
    p = [model(**tokenizer(t, truncation=True, max_length=64, return_tensors="pt")).logits.softmax(-1)[0].tolist() for t in texts]
print(json.dumps({"p": p, "id2label": model.config.id2label, "label2id": model.config.label2id}))
"""


def test_plain_transformers_in_a_fresh_process_gives_the_same_probabilities(
    classifier: Classifier, tmp_path: Path
) -> None:
    save_pretrained(classifier, tmp_path)
    command = [sys.executable, "-c", _PLAIN, str(tmp_path), json.dumps(TEXTS)]
    process = subprocess.run(command, capture_output=True, text=True, check=True, cwd=tmp_path)
    result = json.loads(process.stdout.splitlines()[-1])
    assert np.asarray(result["p"]) == pytest.approx(
        make_predictions(TASK, classifier.logits(TEXTS)).probabilities, abs=1e-5
    )
    assert result["id2label"] == {"0": "cold", "1": "fruit", "2": "other"}
    assert result["label2id"] == {"cold": 0, "fruit": 1, "other": 2}
    assert load_classifier(tmp_path).logits(TEXTS) == pytest.approx(classifier.logits(TEXTS), abs=1e-5)


def test_a_saved_head_is_small_and_gives_the_same_logits(classifier: Classifier, tmp_path: Path) -> None:
    save_head(classifier, tmp_path)
    assert sum(file.stat().st_size for file in tmp_path.iterdir()) < 20_000
    assert load_classifier(tmp_path).logits(TEXTS) == pytest.approx(classifier.logits(TEXTS), abs=1e-5)


def test_scaling_the_output_scales_the_logits(classifier: Classifier) -> None:
    logits = classifier.logits(TEXTS)
    scale_output(classifier, 0.5)
    assert classifier.logits(TEXTS) == pytest.approx(0.5 * logits, abs=1e-5)
    scale_output(classifier, 2.0)
    assert classifier.logits(TEXTS) == pytest.approx(logits, abs=1e-5)


def test_a_calibration_is_part_of_the_saved_model(classifier: Classifier, tmp_path: Path) -> None:
    calibration = Calibration(2.0, tuple(float(number) for number in range(classifier.task.outputs)))
    expected = calibration.apply(classifier.logits(TEXTS))
    calibrate_output(classifier, calibration)
    save_pretrained(classifier, tmp_path)
    assert load_classifier(tmp_path).logits(TEXTS) == pytest.approx(expected, abs=1e-5)
    calibrate_output(classifier, Calibration(0.5, tuple(-2.0 * offset for offset in calibration.offsets)))


def test_a_temperature_stored_by_version_0_1_divides_the_logits(classifier: Classifier, tmp_path: Path) -> None:
    save_head(classifier, tmp_path)
    (tmp_path / "decision.json").write_text('{"temperature": 2.0}')
    assert load_classifier(tmp_path).logits(TEXTS) == pytest.approx(classifier.logits(TEXTS) / 2, abs=1e-5)


def test_the_saved_tokenizer_truncates_as_the_classifier_does(classifier: Classifier, tmp_path: Path) -> None:
    encoder_length = classifier.tokenizer.model_max_length
    save_pretrained(classifier, tmp_path)
    saved = AutoTokenizer.from_pretrained(tmp_path)
    assert len(saved("word " * 100, truncation=True)["input_ids"]) == 64
    assert classifier.tokenizer.model_max_length == encoder_length


def test_a_folder_without_a_model_gets_an_error(tmp_path: Path) -> None:
    with pytest.raises(ModelError, match="has no model"):
        load_classifier(tmp_path)


@pytest.mark.parametrize(
    ("contents", "message"),
    [
        (b"", "not valid JSON"),
        (b'{"form": "head", "ta', "not valid JSON"),
        (b"\xff\x00garbage", "not valid JSON"),
        (b"[]", "expected a JSON object"),
        (b'{"name": "another program"}', "form"),
        (with_field("form", "other"), "form"),
        (with_field("task", "multiclass"), "task"),
        (with_field("task", {"kind": "multiclass", "labels": ["one"]}), "at least two classes"),
        (with_field("encoder", 5), "encoder"),
        (with_field("encoder", "nowhere"), "owner/name"),
        (with_field("max_length", "long"), "max_length"),
        (with_field("max_length", 0), "max_length of 1 or more"),
        (with_field("format_version", 99), "written by a newer version"),
        (with_field("format_version", "two"), "is not a format version"),
    ],
)
def test_a_damaged_or_foreign_record_gets_an_error(
    classifier: Classifier, tmp_path: Path, contents: bytes, message: str
) -> None:
    save_head(classifier, tmp_path)
    (tmp_path / "studio.json").write_bytes(contents)
    with pytest.raises(ModelError, match=message) as caught:
        load_classifier(tmp_path)
    assert caught.value.hint


@pytest.mark.parametrize(
    ("file", "contents"),
    [
        ("config.json", b""),
        ("config.json", b"[]"),
        ("config.json", b'{"model_type": "unknown"}'),
        ("model.safetensors", b""),
        ("model.safetensors", b"\x08\0\0\0\0\0\0\0{}      "),
        ("tokenizer.json", b"{}"),
        ("tokenizer_config.json", b"["),
        ("studio.json", with_field("form", "whole", {"kind": "multiclass", "labels": ["a", "b"]})),
        ("studio.json", with_field("form", "head")),
    ],
)
def test_damaged_model_files_get_an_error(saved_model: Path, tmp_path: Path, file: str, contents: bytes) -> None:
    folder = shutil.copytree(saved_model, tmp_path / "run" / "model")
    (folder / file).write_bytes(contents)
    with pytest.raises(ModelError, match="The model of run cannot be loaded") as caught:
        load_classifier(folder)
    assert caught.value.hint == "Train the model again."


def test_the_demo_model_knows_the_clinic_labels() -> None:
    demo = load_classifier(DEMO_MODEL)
    texts = ["can I get more of my blood pressure pills", "why was I charged twice", "are you open on Sundays"]
    assert demo.task.decode(make_predictions(demo.task, demo.logits(texts)).predicted) == [
        "Medication Request",
        "Billing",
        "General Inquiry",
    ]
