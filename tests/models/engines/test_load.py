"""Loading engines: names, packages that are missing, the default, threads, and that torch stays out of it."""

import importlib.metadata
import importlib.util
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from importlib.machinery import ModuleSpec
from pathlib import Path

import numpy as np
import pytest

from core import host
from core.errors import ConfigError, ModelError
from core.models.engines.base import ONNX_CHECKED, ONNX_FP32, ONNX_INT8, TORCH, TORCH_BF16, candidate_engines
from core.models.engines.load import default_engine, load_engine
from tests.models.engines.cases import TASKS, made_up_texts, save_model, torch_logits

TEXTS = made_up_texts(30)


@pytest.fixture(scope="module")
def model(tiny_encoder: str, tmp_path_factory: pytest.TempPathFactory) -> Path:
    return save_model(tiny_encoder, TASKS[1], tmp_path_factory.mktemp("run") / "model")


def hide_packages(monkeypatch: pytest.MonkeyPatch, *names: str) -> None:
    find_spec = importlib.util.find_spec

    def find(name: str, package: str | None = None) -> ModuleSpec | None:
        return None if name in names else find_spec(name, package)

    monkeypatch.setattr(importlib.util, "find_spec", find)


def test_torch_is_the_classifier_itself(model: Path) -> None:
    engine = load_engine(model, TORCH)
    assert (engine.name, engine.task) == (TORCH, TASKS[1])
    assert engine.logits(TEXTS).tolist() == torch_logits(model, TEXTS).tolist()


def test_bfloat16_is_close_to_float32(model: Path) -> None:
    engine = load_engine(model, TORCH_BF16)
    logits, expected = engine.logits(TEXTS), torch_logits(model, TEXTS)
    assert engine.name == TORCH_BF16
    assert logits.dtype == np.float32
    assert 0 < np.abs(logits - expected).max() < 0.1 * expected.std()


def test_an_unknown_engine_gets_an_error(model: Path) -> None:
    with pytest.raises(ConfigError, match="Expected one of torch"):
        load_engine(model, "abacus")


def test_a_folder_without_a_model_gets_an_error(tmp_path: Path) -> None:
    with pytest.raises(ModelError, match="has no model"):
        load_engine(tmp_path)


def test_a_missing_package_leaves_torch(model: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    hide_packages(monkeypatch, "onnxruntime", "openvino")
    assert set(candidate_engines()) <= {TORCH, TORCH_BF16}
    assert default_engine(model, tmp_path) == TORCH
    with pytest.raises(ConfigError, match="not installed"):
        load_engine(model, ONNX_INT8, tmp_path)


def test_openvino_names_its_requirements(model: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    hide_packages(monkeypatch, "openvino")
    with pytest.raises(ConfigError) as error:
        load_engine(model, "openvino-fp32", tmp_path)
    assert "requirements-openvino.txt" in error.value.hint


def test_a_gpu_leaves_torch(monkeypatch: pytest.MonkeyPatch, model: Path, tmp_path: Path) -> None:
    monkeypatch.setattr(importlib.metadata, "version", lambda _: "2.13.0+cu130")
    monkeypatch.setattr(host, "device", lambda: "cuda")
    monkeypatch.setattr(host, "has_bfloat16", lambda: True)
    assert candidate_engines() == (TORCH, TORCH_BF16)
    assert default_engine(model, tmp_path) == TORCH


def test_bfloat16_needs_hardware(monkeypatch: pytest.MonkeyPatch) -> None:
    for supported in (True, False):
        monkeypatch.setattr(host, "has_bfloat16", lambda supported=supported: supported)
        assert (TORCH_BF16 in candidate_engines()) == supported


def test_without_a_trial_the_default_computes_in_float32(model: Path, tmp_path: Path) -> None:
    assert default_engine(model, tmp_path) == ONNX_FP32
    assert load_engine(model, home=tmp_path).name == ONNX_FP32


def test_the_checked_engine_needs_a_trial(model: Path, tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="needs a trial"):
        load_engine(model, ONNX_CHECKED, tmp_path)


def test_one_engine_answers_many_threads(model: Path, tmp_path: Path) -> None:
    engine = load_engine(model, ONNX_FP32, tmp_path)
    expected = engine.logits(TEXTS)
    with ThreadPoolExecutor(8) as executor:
        for logits in executor.map(lambda _: engine.logits(TEXTS), range(16)):
            assert logits == pytest.approx(expected, abs=1e-5)


def test_a_further_engine_starts_no_threads(model: Path, tmp_path: Path) -> None:
    program = f"""
from pathlib import Path
import time
import psutil
from core.models.engines.load import load_engine
def threads():
    load_engine(Path({str(model)!r}), {ONNX_FP32!r}, Path({str(tmp_path)!r})).logits({TEXTS!r})
    return psutil.Process().num_threads()
first = threads()
threads()
last = threads()
# Threads of the export of the graph, which the first engine makes, may still end.
deadline = time.monotonic() + 10
while last > first and time.monotonic() < deadline:
    time.sleep(0.1)
    last = psutil.Process().num_threads()
print(max(0, last - first))
"""
    output = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True).stdout
    assert output.strip() == "0"


def test_exported_engines_load_no_torch(model: Path, tmp_path: Path) -> None:
    program = f"""
import sys
from pathlib import Path
from core.models.engines.load import load_engine, load_feature_encoder
from core.models.encoders import BUILT_IN
print(load_engine(Path({str(model)!r}), home=Path({str(tmp_path)!r})).logits(["red apple"]).shape)
print(load_feature_encoder(BUILT_IN, 64, home=Path({str(tmp_path)!r})).features(["red apple"]).shape)
print([name for name in ("torch", "transformers", "sklearn") if name in sys.modules])
"""
    output = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True).stdout
    assert output.splitlines() == ["(1, 3)", "(1, 384)", "[]"]
