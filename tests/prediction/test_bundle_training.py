"""The train.py of a zip repeats the run in a process without this project, and its notebook is valid."""

import json
import subprocess
import sys
import zipfile
from pathlib import Path
from typing import Any

import pytest

from core.evaluation.metrics.definitions import MAIN_METRIC
from core.experiments.worker import run_worker
from core.prediction.bundle.layout import is_bundle_file
from core.prediction.bundle.notebook import make_notebook
from core.prediction.export import write_zip
from core.reports.markdown import render_markdown
from core.runs import Run, create_run
from core.training.config import TrainingConfig
from core.workspace import Workspace
from tests.finished import TASKS
from tests.toy import TOY_SOURCE
from tests.training.cases import toy

_SCRIPT = """
import contextlib, io, json, runpy, sys
encoder, folders, results = sys.argv[1], sys.argv[2:], []
for folder in folders:
    sys.argv = ["train.py", "--encoder", encoder, "--output", folder + "/trained"]
    sys.path.insert(0, folder)
    with contextlib.redirect_stdout(io.StringIO()) as printed:
        runpy.run_path(folder + "/train.py", run_name="__main__")
    results.append(json.loads(printed.getvalue().splitlines()[-1]))
print(json.dumps({"results": results, "core": "core" in sys.modules}))
"""
CASES = [*TASKS, "instant"]


@pytest.fixture(scope="module")
def runs(tmp_path_factory: pytest.TempPathFactory, tiny_encoder: str) -> dict[str, Run]:
    """A run of each task, and an instant one, as the worker leaves them."""
    home = tmp_path_factory.mktemp("home")
    workspace = Workspace(home / "workspaces" / "local", home)
    runs = {}
    for case in CASES:
        config = TrainingConfig(
            method="instant" if case == "instant" else "fine-tune",
            encoder=tiny_encoder,
            epochs=12,
            learning_rate=2e-3,
            batch_size=8,
            max_length=16,
            layer_decay=0.9 if case == "binary" else 1.0,
            class_weight_power=0.5 if case == "multiclass" else 0.0,
        )
        run = create_run(workspace, toy("binary" if case == "instant" else case), config, case, TOY_SOURCE)
        run_worker(run, home)
        runs[case] = run
    return runs


@pytest.fixture(scope="module")
def repeated(
    runs: dict[str, Run], tiny_encoder: str, tmp_path_factory: pytest.TempPathFactory
) -> dict[str, tuple[Path, dict[str, Any]]]:
    """The folder of each zip after its train.py ran, and what it printed."""
    folders = {case: tmp_path_factory.mktemp(case) for case in runs}
    for case, run in runs.items():
        with (folders[case] / "bundle.zip").open("wb") as file:
            write_zip(run, file, render_markdown)
        zipfile.ZipFile(folders[case] / "bundle.zip").extractall(folders[case])
    command = [sys.executable, "-I", "-c", _SCRIPT, tiny_encoder, *map(str, folders.values())]
    process = subprocess.run(command, capture_output=True, text=True, cwd=tmp_path_factory.mktemp("elsewhere"))
    assert process.returncode == 0, process.stderr[-3_000:]
    output = json.loads(process.stdout.splitlines()[-1])
    assert not output["core"]
    return {case: (folders[case], result) for case, result in zip(folders, output["results"], strict=True)}


@pytest.mark.slow
@pytest.mark.parametrize("case", CASES)
def test_the_script_reaches_the_validation_metric_of_the_run(
    case: str, runs: dict[str, Run], repeated: dict[str, tuple[Path, dict[str, Any]]]
) -> None:
    result, (_, printed) = runs[case].result(), repeated[case]
    assert result is not None
    assert printed["metric"] == MAIN_METRIC[runs[case].task.kind]
    assert printed["validation"] == pytest.approx(result.validation[printed["metric"]], abs=1e-3)


@pytest.mark.slow
@pytest.mark.parametrize("case", CASES)
def test_the_script_writes_a_zip_of_the_same_form(case: str, repeated: dict[str, tuple[Path, dict[str, Any]]]) -> None:
    folder, _ = repeated[case]
    with zipfile.ZipFile(folder / "trained.zip") as archive:
        names = {info.filename for info in archive.infolist() if not info.is_dir()}
    assert all(map(is_bundle_file, names))
    assert {"run.json", "predict.py", "train.py", "model/model.safetensors", "model/decision_rule.json"} <= names
    assert {"splits/train.jsonl", "splits/train.parquet", "evaluation/logits.safetensors"} <= names


def test_the_notebook_is_valid_and_its_code_compiles() -> None:
    notebook = json.loads(json.dumps(make_notebook("A run\nwith two lines")))
    assert (notebook["nbformat"], notebook["nbformat_minor"]) == (4, 5)
    assert len({cell["id"] for cell in notebook["cells"]}) == len(notebook["cells"])
    assert "".join(notebook["cells"][0]["source"]).startswith("# A run with two lines\n")
    for cell in notebook["cells"]:
        assert cell["cell_type"] in ("code", "markdown")
        if cell["cell_type"] == "code":
            assert (cell["outputs"], cell["execution_count"]) == ([], None)
            lines = "".join(cell["source"]).splitlines()
            compile("\n".join(line for line in lines if not line.startswith(("%", "!"))), cell["id"], "exec")
