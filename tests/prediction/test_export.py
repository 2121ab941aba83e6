"""The zip of a run works without this project, and its script and plain transformers predict what the app predicts."""

import io
import json
import subprocess
import sys
import zipfile
from pathlib import Path
from typing import Any

import pytest
from transformers import set_seed

from core import decision_rule
from core.decision_rule import DecisionRule
from core.errors import ModelError
from core.migrations import legacy_temperature
from core.models.classifier import build_classifier, load_classifier, save_head, save_pretrained
from core.prediction.bundle.layout import is_bundle_file
from core.prediction.bundle.predict import format_prediction
from core.prediction.export import export_to, write_zip
from core.prediction.predict import predict
from core.prediction.verification import verify_bundle
from core.reports.markdown import render_markdown
from core.runs import Run, find_run
from core.workspace import Workspace
from tests import legacy
from tests.finished import TASKS, finished

TEXTS = ["red apple", "the cold sea is very blue", "one two " * 30, "?"]
RULES = {
    "binary": DecisionRule(thresholds=(0.45,), abstain_below=0.55),
    "multiclass": DecisionRule(abstain_below=0.36),
    "multilabel": DecisionRule(thresholds=(0.4, 0.5, 0.6)),
    "regression": DecisionRule(interval_half_width=1.5),
}
MODELS = [*TASKS, "instant"]
_SCRIPT = """
import contextlib, io, json, runpy, sys
from transformers import pipeline
texts, results = json.loads(sys.argv[1]), []
for folder in sys.argv[2:]:
    sys.argv = ["predict.py", "--json", *texts]
    with contextlib.redirect_stdout(io.StringIO()) as printed:
        runpy.run_path(folder + "/predict.py", run_name="__main__")
    pipe = pipeline("text-classification", model=folder + "/model", top_k=None)
    scores = [{score["label"]: score["score"] for score in row} for row in pipe(texts, truncation=True)]
    results.append({"script": json.loads(printed.getvalue()), "pipeline": scores})
print(json.dumps({"results": results, "core": "core" in sys.modules}))
"""


def make_run(workspace: Workspace, model: str, encoder: str) -> Run:
    """A finished run with an untrained model, whose probabilities differ from text to text."""
    kind = "multiclass" if model == "instant" else model
    run = finished(workspace, kind, f"A {model} run")
    set_seed(1)
    classifier = build_classifier(encoder, run.task, 16)
    (save_head if model == "instant" else save_pretrained)(classifier, run.model_folder)
    decision_rule.save(RULES[kind], run.model_folder)
    return run


@pytest.fixture(scope="module")
def runs(tmp_path_factory: pytest.TempPathFactory, tiny_encoder: str) -> dict[str, Run]:
    home = tmp_path_factory.mktemp("home")
    workspace = Workspace(home / "workspaces" / "local", home)
    return {model: make_run(workspace, model, tiny_encoder) for model in MODELS}


@pytest.fixture(scope="module")
def unpacked(runs: dict[str, Run], tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    folders = {model: tmp_path_factory.mktemp(model) for model in runs}
    for model, run in runs.items():
        pack(run).extractall(folders[model])
    return folders


def pack(run: Run) -> zipfile.ZipFile:
    """The zip of a run, not verified."""
    buffer = io.BytesIO()
    write_zip(run, buffer, render_markdown)
    return zipfile.ZipFile(buffer)


@pytest.fixture(scope="module")
def fresh_process(unpacked: dict[str, Path], tmp_path_factory: pytest.TempPathFactory) -> dict[str, dict[str, Any]]:
    """The predictions of the script and of a transformers pipeline in one new process, by model."""
    command = [sys.executable, "-c", _SCRIPT, json.dumps(TEXTS), *map(str, unpacked.values())]
    process = subprocess.run(command, capture_output=True, text=True, cwd=tmp_path_factory.mktemp("elsewhere"))
    assert process.returncode == 0, process.stderr
    output = json.loads(process.stdout.splitlines()[-1])
    assert not output["core"]
    return dict(zip(unpacked, output["results"], strict=True))


def app_predictions(run: Run) -> list[dict[str, Any]]:
    return predict(load_classifier(run.model_folder), TEXTS, decision_rule.load(run.model_folder)).to_records()


@pytest.mark.parametrize("model", MODELS)
def test_the_script_predicts_what_the_app_predicts(
    model: str, runs: dict[str, Run], fresh_process: dict[str, dict[str, Any]]
) -> None:
    predictions = app_predictions(runs[model])
    for script, app in zip(fresh_process[model]["script"], predictions, strict=True):
        assert script.keys() == app.keys()
        assert script["probabilities"] == pytest.approx(app["probabilities"], abs=1e-5)
        assert {name: script[name] for name in script.keys() & {"confidence", "low", "high"}} == pytest.approx(
            {name: app[name] for name in app.keys() & {"confidence", "low", "high"}}, abs=1e-5
        )
        assert script.get("sure") == app.get("sure")
        assert script["label"] == (pytest.approx(app["label"], abs=1e-5) if model == "regression" else app["label"])


@pytest.mark.parametrize("model", MODELS)
def test_a_transformers_pipeline_gives_the_probabilities_of_the_app(
    model: str, runs: dict[str, Run], fresh_process: dict[str, dict[str, Any]]
) -> None:
    for scores, app in zip(fresh_process[model]["pipeline"], app_predictions(runs[model]), strict=True):
        expected = {"value": app["label"]} if model == "regression" else app["probabilities"]
        assert scores == pytest.approx(expected, abs=1e-5)


def test_the_zip_contains_the_record_the_rows_and_the_results(runs: dict[str, Run], unpacked: dict[str, Path]) -> None:
    for model, folder in unpacked.items():
        assert json.loads((folder / "run.json").read_text())["name"] == runs[model].name
        assert (folder / "splits" / "test.parquet").exists()
        assert (folder / "evaluation" / "result.json").exists()


def test_the_zip_contains_only_files_that_can_be_imported(runs: dict[str, Run]) -> None:
    (runs["binary"].model_folder / "engine.onnx").write_bytes(b"made again where it is needed")
    with pack(runs["binary"]) as archive:
        names = archive.namelist()
        card = archive.read("README.md").decode()
    assert all(map(is_bundle_file, names))
    assert {"model/onnx/model.onnx", "model/onnx/model_int8.onnx", "requirements.txt"} <= set(names)
    # The exports and locks of the engines are beside the model.
    assert (runs["binary"].model_folder / "engines" / "onnx-fp32" / "export.json").exists()
    assert not [name for name in names if "engines" in name or "/." in name]
    assert "## ONNX" in card
    assert card.startswith("---\nlibrary_name: transformers\n")
    assert "## License" in card


@pytest.mark.slow
def test_a_zip_is_written_only_if_a_new_process_predicts_the_same(runs: dict[str, Run], tmp_path: Path) -> None:
    path = tmp_path / "model.zip"
    export_to(runs["binary"], path, render_markdown)
    assert zipfile.ZipFile(path).testzip() is None
    verify_bundle(runs["binary"], path)
    with pytest.raises(ModelError, match="predicts something else"):
        verify_bundle(runs["multiclass"], path)


def test_the_temperature_of_version_0_1_is_folded_into_the_exported_model(workspace: Workspace, tmp_path: Path) -> None:
    run = find_run(workspace, str(legacy.extract(workspace.home)["multiclass"]["run"]))
    with pack(run) as archive:
        archive.extractall(tmp_path / "unpacked")
    model_folder = tmp_path / "unpacked" / "model"
    assert legacy_temperature(run.model_folder) != 1.0
    assert legacy_temperature(model_folder) == 1.0
    assert decision_rule.load(model_folder) == decision_rule.load(run.model_folder)
    exported, original = load_classifier(model_folder), load_classifier(run.model_folder)
    assert exported.logits(TEXTS) == pytest.approx(original.logits(TEXTS), abs=1e-5)


@pytest.mark.parametrize(
    ("prediction", "text"),
    [
        ({"label": "fruit", "confidence": 0.97}, "fruit (97%)"),
        ({"label": "fruit", "confidence": 0.5, "sure": False}, "fruit (50%) - low confidence: review by hand"),
        ({"label": [], "confidence": 0.8, "sure": True}, "no label (80%)"),
        ({"label": ["a", "b"], "confidence": 0.8}, "a, b (80%)"),
        ({"label": 3.14159, "confidence": None}, "3.142"),
        ({"label": 3.0, "confidence": None, "low": 1.5, "high": 4.5}, "3 (between 1.5 and 4.5)"),
    ],
)
def test_predictions_are_formatted(prediction: dict[str, Any], text: str) -> None:
    assert format_prediction(prediction) == text
