"""The job that compares engines for a run."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager

import numpy as np
import pytest

from core.models.engines import selection
from core.models.engines.base import ONNX_FP32
from core.models.engines.load import default_engine
from core.models.engines.selection import stored_choice
from core.models.engines.trial import Measure
from core.prediction.engine_trial import engine_trial_job, run_engine_trial, validation_rows
from core.task import Floats
from core.workspace import Workspace
from tests.finished import finished
from tests.models.engines.cases import save_model


@contextmanager
def made_up_engines(*_: object) -> Iterator[Measure]:
    """Engines that all compute the same; ONNX Runtime is the fastest."""

    def measure(name: str, texts: Sequence[str]) -> tuple[Floats, float]:
        logits = np.asarray([[len(text), 20, 0] for text in texts], dtype=np.float32)
        return logits, 0.1 if name == ONNX_FP32 else 1.0

    yield measure


def test_the_job_stores_the_choice_for_this_host(
    workspace: Workspace, tiny_encoder: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    run = finished(workspace, "multiclass")
    save_model(tiny_encoder, run.task, run.model_folder)
    assert validation_rows(run).texts == run.split("validation")["text"].tolist()
    monkeypatch.setattr(selection, "engine_processes", made_up_engines)
    job = engine_trial_job(run)
    assert job.status() is None
    job.path.mkdir()
    run_engine_trial(job.path)
    status = job.status()
    assert status is not None
    assert status.state == "finished"
    assert job.is_done
    choice = stored_choice(run.model_folder)
    assert choice is not None
    assert (choice.engine, choice.trial.texts) == (ONNX_FP32, 60)
    assert default_engine(run.model_folder) == ONNX_FP32
