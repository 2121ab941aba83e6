"""Loaded models: any engine, the tokens of a text, torch in place of an engine that cannot be loaded; and their cache."""

import gc
import threading
import time
import weakref
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from core.errors import ConfigError, ModelError
from core.jobs.events import OnProgress, no_progress
from core.models.engines.base import ONNX_FP32, ONNX_INT8, TORCH
from core.models.engines.torch_engine import classifier_of
from core.models.truncation import TruncatingTokenizer
from core.prediction.explain import explain
from core.prediction.loaded_model import LoadedModel, load_model
from core.prediction.model_cache import ModelCache
from core.prediction.read_text import count_tokens_read
from core.task import Floats, Task
from tests.models.engines.cases import MAX_LENGTH, TASKS, made_up_texts, save_model, torch_logits

TEXTS = made_up_texts(20)


@pytest.fixture(scope="module")
def model(tiny_encoder: str, tmp_path_factory: pytest.TempPathFactory) -> Path:
    return save_model(tiny_encoder, TASKS[1], tmp_path_factory.mktemp("run") / "model")


@pytest.mark.parametrize("engine", [TORCH, ONNX_FP32])
def test_every_engine_predicts_counts_tokens_and_is_explained(model: Path, engine: str) -> None:
    loaded = load_model(model, engine)
    assert loaded.engine.name == engine
    assert loaded.logits(TEXTS) == pytest.approx(torch_logits(model, TEXTS), abs=1e-4)
    read = count_tokens_read(loaded, "red " * 50)
    assert (read.total, read.head) == (50, MAX_LENGTH - 2)
    assert [word.word for word in explain(loaded, "the red apple").words] == ["the", "red", "apple"]
    assert 0 < loaded.nbytes < 1_000_000


def test_int8_takes_less_memory(model: Path) -> None:
    assert load_model(model, ONNX_INT8).nbytes < load_model(model, ONNX_FP32).nbytes


def test_gradients_need_torch(model: Path) -> None:
    with pytest.raises(ConfigError, match="in torch"):
        explain(load_model(model, ONNX_FP32), "the red apple", method="integrated gradients")
    with pytest.raises(ConfigError, match="Expected an engine of torch"):
        classifier_of(load_model(model, ONNX_FP32).engine)
    classifier = classifier_of(load_model(model, TORCH).engine)
    assert len(explain(classifier, "the red apple", method="integrated gradients").words) == 3


def test_torch_takes_the_place_of_an_engine_that_cannot_be_exported(tiny_encoder: str, tmp_path: Path) -> None:
    folder = save_model(tiny_encoder, TASKS[0], tmp_path / "model")
    (folder / "engines").write_bytes(b"not a folder")
    assert load_model(folder, ONNX_FP32).engine.name == TORCH
    (folder / "model.safetensors").write_bytes(b"broken")
    with pytest.raises(ModelError, match="cannot be loaded"):
        load_model(folder, TORCH)


@pytest.mark.parametrize("engine", [TORCH, ONNX_FP32])
def test_one_model_answers_many_threads(model: Path, engine: str) -> None:
    loaded = load_model(model, engine)
    expected = loaded.logits(TEXTS)
    with ThreadPoolExecutor(8) as executor:
        for logits in executor.map(lambda _: loaded.logits(TEXTS), range(24)):
            assert logits == pytest.approx(expected, abs=1e-5)


class _Engine:
    """An engine without a model."""

    name, task = TORCH, Task("binary", ("no", "yes"))

    def logits(self, texts: Sequence[str], on_progress: OnProgress = no_progress) -> Floats:
        return np.zeros((len(texts), 2), dtype=np.float32)


def made_up(nbytes: int = 1) -> LoadedModel:
    tokenizer: Any = None
    return LoadedModel(_Engine(), TruncatingTokenizer(tokenizer, 8), nbytes)


def unexpected() -> LoadedModel:
    raise AssertionError("loaded again")


def test_the_least_recently_used_model_leaves_when_there_are_too_many() -> None:
    cache = ModelCache(max_models=2, max_bytes=100)
    first = cache.get("a", made_up)
    cache.get("b", made_up)
    assert cache.get("a", unexpected) is first
    cache.get("c", made_up)
    assert len(cache) == 2
    assert cache.get("a", unexpected) is first
    with pytest.raises(AssertionError, match="loaded again"):
        cache.get("b", unexpected)


def test_the_bytes_of_all_models_are_bounded_but_one_always_fits() -> None:
    cache = ModelCache(max_models=10, max_bytes=100)
    for key, nbytes in (("a", 40), ("b", 40), ("c", 30)):
        cache.get(key, lambda nbytes=nbytes: made_up(nbytes))  # type: ignore[misc]
    assert (len(cache), cache.nbytes) == (2, 70)
    cache.get("large", lambda: made_up(500))
    assert (len(cache), cache.nbytes) == (1, 500)
    cache.get("a", lambda: made_up(40))
    assert (len(cache), cache.nbytes) == (1, 40)


def test_of_many_threads_one_loads_a_model_and_others_do_not_wait_for_it() -> None:
    cache = ModelCache(max_models=4, max_bytes=100)
    started, go_on = threading.Event(), threading.Event()
    loads: list[str] = []

    def load() -> LoadedModel:
        loads.append("slow")
        started.set()
        assert go_on.wait(10)
        return made_up()

    with ThreadPoolExecutor(4) as executor:
        waiting = [executor.submit(cache.get, "slow", load) for _ in range(3)]
        assert started.wait(10)
        cache.get("other", made_up)
        go_on.set()
        assert len({id(future.result()) for future in waiting}) == 1
    assert loads == ["slow"]


def test_models_that_nobody_uses_leave(monkeypatch: pytest.MonkeyPatch) -> None:
    now = [100.0]
    monkeypatch.setattr(time, "monotonic", lambda: now[0])
    cache = ModelCache(max_models=4, max_bytes=100)
    old = weakref.ref(cache.get("old", made_up).engine)
    cache.get("used", made_up)
    now[0] = 160.0
    cache.get("used", unexpected)
    now[0] = 190.0
    assert cache.drop_unused(60) == 1
    assert cache.keys() == ["used"]
    assert old() is None
    assert cache.drop(lambda key: key == "used") == 1
    assert (len(cache), cache.nbytes) == (0, 0)
    assert cache.get("used", made_up) is not None


@pytest.mark.parametrize("engine", [TORCH, ONNX_FP32])
def test_a_model_that_left_is_freed(model: Path, engine: str) -> None:
    cache = ModelCache(max_models=1, max_bytes=10**9)
    left = weakref.ref(cache.get("first", lambda: load_model(model, engine)).engine)
    assert left() is not None
    cache.get("second", made_up)
    # The cache collects what has left; nothing else may be needed to free it.
    assert left() is None
    gc.unfreeze()
