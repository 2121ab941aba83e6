"""A saved model says the same in plain transformers as in the app, for every task and both methods."""

import io
import json
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

from core.experiments.worker import run_worker
from core.prediction.export import export
from core.reports.markdown import render_markdown
from core.runs import Run, create_run
from core.training.config import TrainingConfig
from core.workspace import Workspace
from tests.toy import TOY_SOURCE
from tests.training.cases import toy

_TEXTS = ["the red apple is very sweet", "one cold sea is very blue", "two sky was a plum"]
_PIPELINE = """
import json, sys
from transformers import pipeline
classify = pipeline("text-classification", model=sys.argv[1], top_k=None)
print(json.dumps(classify(json.loads(sys.argv[2]))))
"""


def predict_on_the_command_line(run: Run) -> list[dict[str, object]]:
    command = [sys.executable, "-m", "core", "predict", str(run.folder), *_TEXTS, "--json"]
    records: list[dict[str, object]] = json.loads(subprocess.run(command, capture_output=True, check=True).stdout)
    return records


def predict_with_a_pipeline(model_folder: Path) -> list[dict[str, float]]:
    command = [sys.executable, "-W", "ignore", "-c", _PIPELINE, str(model_folder), json.dumps(_TEXTS)]
    answers = json.loads(subprocess.run(command, capture_output=True, check=True).stdout)
    return [{entry["label"]: entry["score"] for entry in answer} for answer in answers]


@pytest.mark.parametrize(
    ("kind", "method"),
    [
        pytest.param("binary", "instant", marks=pytest.mark.slow),
        pytest.param("binary", "fine-tune", marks=pytest.mark.slow),
        ("multiclass", "fine-tune"),
        pytest.param("multilabel", "instant", marks=pytest.mark.slow),
        pytest.param("multilabel", "fine-tune", marks=pytest.mark.slow),
        pytest.param("regression", "instant", marks=pytest.mark.slow),
        pytest.param("regression", "fine-tune", marks=pytest.mark.slow),
    ],
)
def test_pipeline_and_predict_agree(
    kind: str, method: str, workspace: Workspace, tiny_encoder: str, tmp_path: Path
) -> None:
    config = TrainingConfig(method=method, encoder=tiny_encoder, epochs=2, learning_rate=5e-3, max_length=16)  # type: ignore[arg-type]
    run = create_run(workspace, toy(kind), config, "toy", TOY_SOURCE)
    run_worker(run, workspace.home)
    result = run.result()
    assert result is not None
    assert (result.temperature == 1.0) == (kind == "regression")
    with zipfile.ZipFile(io.BytesIO(export(run, render_markdown))) as archive:
        archive.extractall(tmp_path / "zip")
    for ours, theirs in zip(
        predict_on_the_command_line(run), predict_with_a_pipeline(tmp_path / "zip" / "model"), strict=True
    ):
        expected = {"value": ours["label"]} if kind == "regression" else ours["probabilities"]
        assert theirs == pytest.approx(expected, abs=1e-5)
