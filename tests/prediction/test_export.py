"""The zip of a run works where this project is not."""

import json
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

from core import decision_rule
from core.__main__ import main
from core.models import classifier as classifiers
from core.prediction.export import export
from core.runs import Run
from tests.test_main import ROWS, home, write

__all__ = ["home"]


@pytest.mark.parametrize("method", ["instant", "fine-tune"])
def test_the_script_in_the_zip_gives_our_probabilities(
    method: str,
    home: Path,
    tiny_encoder: str,
    capsys: pytest.CaptureFixture[str],
) -> None:
    table = write(home / "x.csv", ROWS)
    settings = ["--encoder", tiny_encoder, "--method", method, "--epochs", "1", "--max-length", "16", "--json"]
    assert main(["train", table, "--text", "text", "--label", "label", *settings]) == 0
    run = Run.open(Path(json.loads(capsys.readouterr().out)["folder"]))
    (home / "x.zip").write_bytes(export(run))
    with zipfile.ZipFile(home / "x.zip") as archive:
        archive.extractall(home / "there")
    command = [sys.executable, str(home / "there" / "predict.py"), "red apple"]
    done = subprocess.run(command, capture_output=True, text=True, check=True, cwd=home)
    found = dict(line.strip().rsplit(": ", 1) for line in done.stdout.splitlines()[-2:])
    logits = classifiers.load(run.model_folder).logits(["red apple"])
    ours = decision_rule.load(run.model_folder).probabilities(run.task, logits)[0]
    assert [float(found[name]) for name in run.task.labels] == pytest.approx(ours.tolist(), abs=1e-4)
    assert json.loads((home / "there" / "run.json").read_text())["name"] == run.name
