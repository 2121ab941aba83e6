"""Predict: which engine answers, what was measured, the start of a trial, and the choice of an engine."""

from collections.abc import Callable
from typing import Any

import pytest
from streamlit.testing.v1 import AppTest

from core.jobs.folder import JobFolder
from core.models.engines.base import ONNX_FP32, ONNX_INT8, TORCH
from core.models.engines.choice import EngineResult, Trial, describe_host, save_trial
from core.models.engines.export import model_source
from core.prediction.batch import run_batch
from core.prediction.engine_trial import engine_trial_job
from core.runs import Run
from core.workspace import Workspace
from tests.finished import finished
from tests.models.engines.cases import save_model
from tests.pages.app import click, find, page_text, visit


@pytest.fixture
def run(empty: Workspace, tiny_encoder: str) -> Run:
    """A finished run with a model."""
    run = finished(empty, "multiclass")
    save_model(tiny_encoder, run.task, run.model_folder)
    return run


def save_made_up_trial(run: Run) -> None:
    source = model_source(run.model_folder)
    results = (
        EngineResult(TORCH, 1.0, 0.0, 100),
        EngineResult(ONNX_FP32, 1.0, 0.0, 250),
        EngineResult(ONNX_INT8, 0.98, 0.01, 500),
    )
    save_trial(source.exports, Trial(source.model_fingerprint, describe_host(), 500, results))


def engine_table(at: AppTest) -> Any:
    return next(frame.value for frame in at.dataframe if "texts_per_second" in frame.value)


def test_the_page_names_the_engine_and_starts_its_trial(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    started: list[JobFolder] = []
    monkeypatch.setattr(JobFolder, "start", lambda job: started.append(job))
    at = visit("predict")
    assert "Answered by ONNX Runtime. Its speed was not measured on this host yet." in page_text(at)
    click(at, "Compare engines")
    assert started == [engine_trial_job(run)]


def test_a_trial_is_shown_and_an_engine_can_be_pinned(run: Run) -> None:
    save_made_up_trial(run)
    at = visit("predict")
    assert "Answered by ONNX Runtime: 250 texts per second, the same answer as PyTorch for 100.0%" in page_text(at)
    assert "int8 is faster but predicts the same for only 98.0%, less than 99.0%" in page_text(at)
    assert engine_table(at)["result"].tolist()[1:] == ["chosen", "slower"]
    assert "Compare engines" not in [button.label for button in at.button]
    find(at.selectbox, "Engine").set_value(TORCH).run()
    assert not at.exception
    assert "Answered by PyTorch: 100 texts per second." in page_text(at)
    at.switch_page("pages/models.py").run()
    at.switch_page("pages/predict.py").run()
    assert find(at.selectbox, "Engine").value == TORCH
    find(at.selectbox, "Engine").set_value("").run()
    assert "Answered by ONNX Runtime: 250" in page_text(at)


def test_a_pinned_engine_predicts_files_too(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(JobFolder, "start", lambda job: run_batch(job.path))
    at = visit("predict")
    find(at.selectbox, "Engine").set_value(TORCH).run()
    uploader: Any = at.get("file_uploader")[0]
    uploader.set_value([("inbox.csv", b"message\nred apple\n", "text/csv")]).run()
    assert "PyTorch predicts the file" in page_text(at)
    click(at, "Predict 1 row")
    assert "Engine: torch." in page_text(at)


@pytest.mark.parametrize("method", ["occlusion", "integrated gradients"])
def test_the_chosen_engine_explains_and_gradients_come_from_torch(
    run: Run, method: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    from core.prediction import model_cache

    loaded: list[str] = []
    get: Callable[..., Any] = model_cache.ModelCache.get

    def record(cache: Any, key: Any, load: Callable[[], Any]) -> Any:
        loaded.append(key[-1])
        return get(cache, key, load)

    monkeypatch.setattr(model_cache.ModelCache, "get", record)
    at = visit("predict")
    find(at.toggle, "Why this prediction?").set_value(True).run()
    find(at.selectbox, "Method").set_value(method).run()
    assert not at.exception
    assert (TORCH in loaded) == (method == "integrated gradients")
