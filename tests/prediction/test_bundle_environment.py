"""The scripts of a zip in a virtual environment that has only what its requirements.txt names: no project, no other package."""

import json
import os
import subprocess
import sys
import zipfile
from pathlib import Path
from typing import Any

import pytest

from core import decision_rule
from core.data.samples import CLINIC, SAMPLES
from core.evaluation.metrics.definitions import MAIN_METRIC
from core.experiments.launch import create_training_run, preset_for_dataset, sample_dataset
from core.experiments.worker import run_worker
from core.models.classifier import load_classifier
from core.models.encoders import BUILT_IN, locate_encoder
from core.prediction.export import export_to, requirements
from core.prediction.predict import predict
from core.reports.markdown import render_markdown
from core.runs import Run
from core.training.config import TrainingConfig
from core.workspace import Workspace

pytestmark = [pytest.mark.slow, pytest.mark.timeout(3_600)]
# The interpreter of an environment that was made before; without it the test makes one, which takes minutes.
_INTERPRETER = "STUDIO_FRESH_PYTHON"
_TEXTS = ["please send more of the little white pills", "why was I charged twice?", "my ankle hurts", "?"]


@pytest.fixture(scope="module")
def python(tmp_path_factory: pytest.TempPathFactory) -> str:
    """The interpreter of the environment."""
    if interpreter := os.environ.get(_INTERPRETER):
        return interpreter
    folder = tmp_path_factory.mktemp("environment")
    subprocess.run([sys.executable, "-m", "venv", str(folder)], check=True)
    (folder / "requirements.txt").write_text(requirements(), encoding="utf-8")
    install = [str(folder / "bin" / "pip"), "install", "--quiet", "-r", str(folder / "requirements.txt")]
    subprocess.run(install, check=True)
    return str(folder / "bin" / "python")


def _train(workspace: Workspace, case: str) -> Run:
    sample = CLINIC if case == "fine-tuned" else SAMPLES[1]
    dataset = sample_dataset(workspace, sample)
    config = preset_for_dataset(dataset) if case == "fine-tuned" else TrainingConfig(method="instant")
    run = create_training_run(workspace, dataset, config)
    run_worker(run, workspace.home)
    return run


def _run(python: str, folder: Path, *arguments: str) -> str:
    process = subprocess.run(
        [python, "-I", *arguments], cwd=folder, capture_output=True, text=True, env={"PATH": os.environ["PATH"]}
    )
    assert process.returncode == 0, process.stderr[-3_000:]
    return process.stdout


@pytest.mark.parametrize("case", ["fine-tuned", "instant"])
def test_both_scripts_agree_with_the_app(case: str, python: str, workspace: Workspace, tmp_path: Path) -> None:
    run = _train(workspace, case)
    export_to(run, tmp_path / "model.zip", render_markdown)
    with zipfile.ZipFile(tmp_path / "model.zip") as archive:
        archive.extractall(tmp_path)
    expected = predict(load_classifier(run.model_folder), _TEXTS, decision_rule.load(run.model_folder)).to_records()
    for options, tolerance in (([], 1e-5), (["--onnx"], 1e-4)):
        found = json.loads(_run(python, tmp_path, "predict.py", "--json", *options, *_TEXTS))
        largest = max(_differences(found, expected))
        print(f"{case}, predict.py {' '.join(options)}: largest difference {largest:.1e}")
        assert largest <= tolerance
    printed = _run(python, tmp_path, "train.py", "--encoder", locate_encoder(BUILT_IN), "--output", "trained")
    repeated = json.loads(printed.splitlines()[-1])
    result = run.result()
    assert result is not None
    score = result.validation[MAIN_METRIC[run.task.kind]]
    print(f"{case}, train.py: validation {repeated['metric']} {repeated['validation']:.4f}, in the app {score:.4f}")
    assert repeated["validation"] == pytest.approx(score, abs=0.01)


def _differences(found: list[dict[str, Any]], expected: list[dict[str, Any]]) -> list[float]:
    return [
        abs(probability - of_app["probabilities"][label])
        for of_script, of_app in zip(found, expected, strict=True)
        for label, probability in of_script["probabilities"].items()
    ]
