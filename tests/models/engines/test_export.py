"""Exported graphs compute what torch computes, are made once, and are made again when they are damaged or of other weights."""

import json
import shutil
from pathlib import Path

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from core.decision_rule import DecisionRule
from core.errors import ModelError
from core.models.classifier import Classifier, build_classifier, save_head, save_pretrained
from core.models.encoders import BUILT_IN
from core.models.engines import export
from core.models.engines.agreement import agreement
from core.models.engines.base import ONNX_FP32, ONNX_INT8
from core.models.engines.export import model_source, onnx_graph
from core.models.engines.load import FeatureEncoder, load_engine, load_feature_encoder
from core.task import Task
from tests.models.checkpoints import ARCHITECTURES, save_checkpoint
from tests.models.engines.cases import MAX_LENGTH, TASKS, made_up_texts, save_model, torch_logits

TEXTS = made_up_texts(40)


@pytest.fixture(scope="module")
def whole(tiny_encoder: str, tmp_path_factory: pytest.TempPathFactory) -> Path:
    return save_model(tiny_encoder, TASKS[1], tmp_path_factory.mktemp("whole"))


@pytest.fixture
def model(whole: Path, tmp_path: Path) -> Path:
    return Path(shutil.copytree(whole, tmp_path / "run" / "model"))


@pytest.mark.parametrize("form", ["whole", "head"])
@pytest.mark.parametrize("task", TASKS, ids=lambda task: task.kind)
def test_float32_equals_torch_for_every_task(tiny_encoder: str, task: Task, form: str, tmp_path: Path) -> None:
    folder = save_model(tiny_encoder, task, tmp_path / "model", form)
    engine = load_engine(folder, ONNX_FP32, tmp_path)
    assert engine.task == task
    logits = engine.logits(TEXTS)
    assert logits.dtype == np.float32
    assert logits == pytest.approx(torch_logits(folder, TEXTS), abs=1e-4)
    assert engine.logits([]).shape == (0, task.outputs)
    # A head shares the graph of its encoder; a whole model has its own.
    assert (folder / "engines").exists() == (form == "whole")


# Torch's exporter takes some 20 seconds, so that only one of its architectures is tested each time.
@pytest.mark.parametrize(
    "architecture",
    [pytest.param(name, marks=[] if name == "bert" else pytest.mark.slow) for name in ARCHITECTURES],
)
def test_float32_equals_torch_for_every_architecture(architecture: str, tmp_path: Path) -> None:
    encoder = save_checkpoint(architecture, tmp_path / "encoder")
    classifier = build_classifier(str(encoder), TASKS[1], MAX_LENGTH)
    save_pretrained(classifier, tmp_path / "model")
    engine = load_engine(tmp_path / "model", ONNX_FP32, tmp_path)
    assert engine.logits(TEXTS) == pytest.approx(classifier.logits(TEXTS), abs=1e-4)
    # A batch of one text and of one token, which an exporter may mistake for constants.
    assert engine.logits(["one"]) == pytest.approx(classifier.logits(["one"]), abs=1e-4)
    reduced = load_engine(tmp_path / "model", ONNX_INT8, tmp_path).logits(TEXTS)
    assert reduced == pytest.approx(classifier.logits(TEXTS), abs=0.1)


def test_a_bert_without_mean_pooling_reads_the_first_token(tiny_encoder: str, tmp_path: Path) -> None:
    from transformers import AutoModelForSequenceClassification, AutoTokenizer, set_seed

    set_seed(0)
    plain = AutoModelForSequenceClassification.from_pretrained(tiny_encoder, num_labels=3).eval()
    tokenizer = AutoTokenizer.from_pretrained(tiny_encoder)
    save_model(tiny_encoder, TASKS[1], tmp_path / "model")
    plain.save_pretrained(tmp_path / "model")
    with torch.inference_mode():
        expected = plain(**tokenizer(TEXTS[:1], return_tensors="pt", truncation=True, max_length=MAX_LENGTH)).logits
    logits = load_engine(tmp_path / "model", ONNX_FP32, tmp_path).logits(TEXTS[:1])
    assert logits == pytest.approx(expected.numpy(), abs=1e-5)


def test_a_trained_model_can_be_the_encoder_of_a_head(whole: Path, tmp_path: Path) -> None:
    classifier = build_classifier(str(whole), TASKS[0], MAX_LENGTH)
    save_head(classifier, tmp_path / "model")
    logits = load_engine(tmp_path / "model", ONNX_FP32, tmp_path).logits(TEXTS)
    assert logits == pytest.approx(classifier.logits(TEXTS), abs=1e-4)


@pytest.mark.parametrize("form", ["whole", "head"])
def test_the_temperature_of_an_old_model_is_applied(tiny_encoder: str, form: str, tmp_path: Path) -> None:
    folder = save_model(tiny_encoder, TASKS[1], tmp_path / "model", form)
    before = load_engine(folder, ONNX_FP32, tmp_path).logits(TEXTS)
    (folder / "decision.json").write_text(json.dumps({"temperature": 2.0}))
    after = load_engine(folder, ONNX_FP32, tmp_path).logits(TEXTS)
    assert after == pytest.approx(before / 2, abs=1e-5)
    assert after == pytest.approx(torch_logits(folder, TEXTS), abs=1e-4)


@pytest.fixture(scope="module")
def built_in() -> Classifier:
    return build_classifier(BUILT_IN, TASKS[0], 64)


@pytest.fixture(scope="module")
def exported(tmp_path_factory: pytest.TempPathFactory) -> FeatureEncoder:
    return load_feature_encoder(BUILT_IN, 64, home=tmp_path_factory.mktemp("home"))


@settings(max_examples=15)
@given(texts=st.lists(st.text(max_size=40), min_size=1, max_size=6))
def test_built_in_features_equal_those_of_torch(
    built_in: Classifier, exported: FeatureEncoder, texts: list[str]
) -> None:
    assert exported.features(texts) == pytest.approx(built_in.features(texts), abs=1e-4)


def test_built_in_features_of_long_texts_equal_those_of_torch(built_in: Classifier, exported: FeatureEncoder) -> None:
    texts = ["the sea is cold " * count for count in (1, 30, 200)]
    assert exported.features(texts) == pytest.approx(built_in.features(texts), abs=1e-4)
    assert exported.features([]).shape == (0, 384)


def test_an_export_is_made_once(model: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    graph = onnx_graph(model_source(model), ONNX_FP32)
    modified = graph.stat().st_mtime_ns
    monkeypatch.setattr(export, "_export", lambda *_: pytest.fail("exported again"))
    assert onnx_graph(model_source(model), ONNX_FP32).stat().st_mtime_ns == modified


@pytest.mark.parametrize("damage", ["truncated", "changed", "no graph", "no record", "bad record", "other weights"])
@pytest.mark.parametrize("name", [ONNX_FP32, ONNX_INT8])
def test_a_damaged_or_foreign_export_is_made_again(model: Path, tmp_path: Path, damage: str, name: str) -> None:
    expected = load_engine(model, name, tmp_path).logits(TEXTS)
    folder = model / "engines" / name
    graph, record = folder / "model.onnx", folder / "export.json"
    if damage == "truncated":
        graph.write_bytes(graph.read_bytes()[:-100])
    elif damage == "changed":
        content = bytearray(graph.read_bytes())
        content[len(content) // 2] ^= 0xFF
        graph.write_bytes(bytes(content))
    elif damage == "no graph":
        graph.unlink()
    elif damage == "no record":
        record.unlink()
    elif damage == "bad record":
        record.write_text("{")
    else:
        record.write_text(json.dumps(json.loads(record.read_text()) | {"fingerprint": "0" * 64}))
    assert load_engine(model, name, tmp_path).logits(TEXTS) == pytest.approx(expected, abs=1e-6)


def test_new_weights_get_a_new_export(model: Path, tiny_encoder: str, tmp_path: Path) -> None:
    before = load_engine(model, ONNX_INT8, tmp_path).logits(TEXTS)
    classifier = build_classifier(tiny_encoder, TASKS[1], MAX_LENGTH)
    save_pretrained(classifier, model)
    after = load_engine(model, ONNX_INT8, tmp_path).logits(TEXTS)
    assert np.abs(after - before).max() > 1
    assert after == pytest.approx(classifier.logits(TEXTS), abs=0.1)


def test_a_failed_export_leaves_nothing_and_names_the_reason(model: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(source: export.Source, path: Path) -> None:
        path.write_bytes(b"half a graph")
        raise RuntimeError("unsupported operator")

    monkeypatch.setattr(export, "_export", fail)
    with pytest.raises(ModelError, match="unsupported operator"):
        onnx_graph(model_source(model), ONNX_FP32)
    assert [path.name for path in (model / "engines").iterdir() if path.suffix != ".lock"] == []


def test_only_bert_has_features(tmp_path: Path) -> None:
    encoder = save_checkpoint("distilbert", tmp_path / "encoder")
    with pytest.raises(ModelError, match="BERT"):
        load_feature_encoder(str(encoder), MAX_LENGTH, home=tmp_path)


def test_the_output_layer_stays_in_float32(model: Path) -> None:
    import onnx

    graph = onnx.load(onnx_graph(model_source(model), ONNX_INT8)).graph
    exact = [node.name for node in graph.node if node.op_type == "MatMul" and node.name.startswith("exact/")]
    assert len(exact) == 2  # the pooler and the classifier
    assert sum(node.op_type == "MatMulInteger" for node in graph.node) == 12


def test_int8_predicts_as_torch_for_the_demo_model(tmp_path: Path) -> None:
    from core.data.samples import CLINIC
    from core.models.demo import DEMO_MODEL

    texts = CLINIC.read().frame["message"].tolist()[:120]
    engine = load_engine(DEMO_MODEL, ONNX_INT8, tmp_path)
    assert agreement(engine.task, DecisionRule(), torch_logits(DEMO_MODEL, texts), engine.logits(texts)).mean() >= 0.97
