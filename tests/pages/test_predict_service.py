"""Predict: the commands and the code that serve and call the model."""

import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from core.runs import Run
from core.workspace import Workspace
from tests.finished import finished
from tests.pages.app import visit
from tests.pages.test_predict import CANCEL, predict, with_model
from tests.prediction.serving.cases import made_model, running

ADDRESS = "http://127.0.0.1:8000"


@pytest.fixture
def run(empty: Workspace, tiny_encoder: str) -> Run:
    """A finished run whose model is small."""
    return with_model(finished(empty, "multiclass", test=40), tiny_encoder)


def shown_code(text: str) -> list[str]:
    """The code in the expander for a text."""
    at = predict(visit("predict"), text)
    (expander,) = [expander for expander in at.expander if expander.label == "Call it from code"]
    return [str(code.value) for code in expander.code]


def output(*command: str | Path) -> str:
    return subprocess.run(command, capture_output=True, text=True, check=True).stdout


def test_the_shown_code_calls_a_service(run: Run, tmp_path: Path) -> None:
    serve, curl, python, javascript, dockerfile = shown_code('it\'s 2 "2" $HOME `2`\n2')
    assert serve == f"python -m core serve {run.id}"
    assert f"COPY {run.id} /run" in dockerfile
    with running([made_model()]) as address:
        assert '"label":"<b>sky</b>","score":0.964663' in output("bash", "-c", f"{curl.replace(ADDRESS, address)} -s")
        assert "label='<b>sky</b>', score=0.964663" in output(sys.executable, "-c", python.replace(ADDRESS, address))
        if node := shutil.which("node"):
            (tmp_path / "example.mjs").write_text(javascript.replace(ADDRESS, address))
            assert "<b>sky</b>" in output(node, tmp_path / "example.mjs")


def test_a_visitor_of_a_server_is_told_to_download_the_model(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("pages.sections.predict.service.is_local", lambda: False)
    serve, *_, dockerfile = shown_code(CANCEL)
    assert serve == "python -m core import model.zip\npython -m core serve RUN"
    assert "COPY RUN /run" in dockerfile
