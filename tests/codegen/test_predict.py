"""The code of Predict says what the app says, under the model's decision rule."""

import ast
import shutil
from pathlib import Path

import pytest

from core import decision_rule
from core.codegen.predict import predict_code
from core.codegen.render import python_literal
from core.decision_rule import DecisionRule
from core.experiments.worker import run_worker
from core.models.engines.base import TORCH
from core.prediction.export import pretrained_folder
from core.prediction.loaded_model import load_model
from core.prediction.predict import predict
from core.runs import Run, create_run
from core.training.config import TrainingConfig
from core.workspace import Workspace
from tests.codegen.run_code import run_code
from tests.finished import TASKS
from tests.toy import TOY_SOURCE
from tests.training.cases import toy

_TEXT = "the red apple's sea {{ 7 }}"
_RULES = {
    "binary": DecisionRule((0.9,)),
    "multiclass": DecisionRule((), 0.99),
    "multilabel": DecisionRule((0.01, 0.9), 0.6),
    "regression": DecisionRule((), 0.0, 1.5),
}


def test_a_text_stays_a_text() -> None:
    text = '""" \\ \u202e \ud800\n{{ 7 }} {% raw %}'
    code = predict_code(TASKS["binary"], DecisionRule(), text)
    constants = [node.value for node in ast.walk(ast.parse(code)) if isinstance(node, ast.Constant)]
    assert text in constants
    assert code.isascii()


@pytest.mark.parametrize("value", [{"a"}, float("nan"), object(), [1, b"x"]])
def test_a_value_without_a_plain_literal_is_refused(value: object) -> None:
    with pytest.raises(TypeError):
        python_literal(value)


@pytest.fixture(scope="module")
def runs(tmp_path_factory: pytest.TempPathFactory, tiny_encoder: str) -> dict[str, Run]:
    """An instant run of each task with a decision rule that changes predictions."""
    home = tmp_path_factory.mktemp("home")
    runs = {}
    for kind in TASKS:
        config = TrainingConfig(method="instant", encoder=tiny_encoder, max_length=16)
        run = create_run(Workspace(home / "workspaces" / "local", home), toy(kind), config, kind, TOY_SOURCE)
        run_worker(run, home)
        decision_rule.save(_RULES[kind], run.model_folder)
        runs[kind] = run
    return runs


@pytest.mark.slow
def test_the_prediction_is_that_of_the_app(runs: dict[str, Run], tmp_path: Path) -> None:
    codes, folders = [], []
    for kind, run in runs.items():
        folder = tmp_path / kind
        with pretrained_folder(run) as model_folder:
            shutil.copytree(model_folder, folder / "model")
        codes.append(predict_code(run.task, _RULES[kind], _TEXT))
        folders.append(folder)
    for (kind, run), result in zip(runs.items(), run_code(codes, folders, ["label", "confidence"]), strict=True):
        predictions = predict(load_model(run.model_folder, TORCH), [_TEXT], _RULES[kind])
        assert ("Not sure" in result["printed"]) == bool(predictions.abstained[0])
        if kind == "regression":
            assert result["label"] == pytest.approx(predictions.labels[0], abs=1e-4)
        else:
            assert result["label"] == predictions.labels[0]
            assert result["confidence"] == pytest.approx(predictions.confidence[0], abs=1e-5)
