"""Ray computes the same files as one process, also when its workers are killed or the whole command is."""

import importlib.util
import os
import subprocess
import sys
import time
from pathlib import Path

import pandas as pd
import psutil
import pytest

from core.__main__ import main
from core.errors import ConfigError
from core.jobs.events import ignore_event
from core.models.classifier import save_pretrained
from core.prediction.batch_files import PROGRESS, file_request
from core.prediction.ray_engine import predict_with_ray
from core.runs import Run, create_run
from core.training.config import TrainingConfig
from core.workspace import Workspace
from tests.conftest import WORDS
from tests.prediction.batch_cases import make_model, write_texts
from tests.toy import TOY_SOURCE
from tests.training.cases import toy, train

ROWS = {"a.parquet": 17_000, "b.csv": 3_000}
needs_ray = pytest.mark.skipif(
    importlib.util.find_spec("ray") is None, reason="Ray is not installed: pip install -r requirements-cluster.txt"
)


@pytest.fixture
def run(workspace: Workspace, tiny_encoder: str) -> Run:
    run = create_run(workspace, toy("binary"), TrainingConfig(encoder=tiny_encoder), "toy", TOY_SOURCE)
    save_pretrained(train(toy("binary"), tiny_encoder, run.folder / "training", epochs=1), run.model_folder)
    return run


@pytest.fixture
def inputs(tmp_path: Path) -> Path:
    folder = tmp_path / "in"
    folder.mkdir()
    for name, rows in ROWS.items():
        texts = [" ".join(WORDS[(row * step) % len(WORDS)] for step in range(1, 2 + row % 40)) for row in range(rows)]
        texts[5] = ""
        frame = pd.DataFrame({"id": range(rows), "text": texts})
        frame.to_csv(folder / name, index=False) if name.endswith("csv") else frame.to_parquet(folder / name)
    return folder


def command(run: Run, inputs: Path, output: Path) -> list[str]:
    arguments = ["predict", str(run.folder), "--file", f"{inputs}/*", "--text", "text", "--out", str(output)]
    return [sys.executable, "-m", "core", *arguments, "--engine", "ray"]


def actors(driver: int) -> list[psutil.Process]:
    """The processes of a driver that hold a model."""
    found = []
    for process in psutil.Process(driver).children(recursive=True):
        try:
            if "MapWorker" in " ".join(process.cmdline()):
                found.append(process)
        except psutil.NoSuchProcess:
            continue
    return found


def complete_shards(output: Path) -> int:
    return sum(1 for _ in (output / PROGRESS).rglob("0*.json"))


def wait_for_shards(child: "subprocess.Popen[bytes]", output: Path, count: int) -> None:
    while complete_shards(output) < count:
        assert child.poll() is None, "it ended before it was interrupted"
        time.sleep(0.02)


@pytest.fixture
def local_environment() -> dict[str, str]:
    return {name: value for name, value in os.environ.items() if name != "RAY_ADDRESS"}


@needs_ray
@pytest.mark.slow
def test_a_killed_worker_and_a_killed_command_change_nothing(
    run: Run, inputs: Path, tmp_path: Path, local_environment: dict[str, str]
) -> None:
    output = tmp_path / "with ray"
    child = subprocess.Popen(command(run, inputs, output), env=local_environment)
    wait_for_shards(child, output, 3)
    [first, *_] = actors(child.pid)
    first.kill()
    wait_for_shards(child, output, 6)
    assert not first.is_running()
    child.kill()
    child.wait()
    done = complete_shards(output)
    assert subprocess.run(command(run, inputs, output), env=local_environment, check=False).returncode == 0
    assert done < 11
    assert main(["predict", run.id, "--file", f"{inputs}/*", "--text", "text", "--out", f"{tmp_path}/without"]) == 0
    for name in ROWS:
        assert (output / name).read_bytes() == (tmp_path / "without" / name).read_bytes()


def test_without_ray_the_error_says_how_to_install_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: None)
    source = write_texts(tmp_path / "in.csv", 3)
    request = file_request(source, tmp_path / "out.csv", "text", make_model(tmp_path / "model"))
    with pytest.raises(ConfigError, match=r"Ray is not installed\. Run: pip install -r requirements-cluster\.txt"):
        predict_with_ray([request], ignore_event)


@needs_ray
@pytest.mark.slow
@pytest.mark.parametrize("address", ["127.0.0.1:1", "ray://127.0.0.1:1", "127.0.0.1:port"])
def test_a_cluster_that_does_not_answer_is_an_error(
    address: str, run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("RAY_ADDRESS", address)
    source = write_texts(tmp_path / "in.csv", 3)
    command = ["predict", str(run.folder), "--file", str(source), "--out", f"{tmp_path}/out.csv", "--engine", "ray"]
    child = subprocess.run([sys.executable, "-m", "core", *command], capture_output=True, text=True, check=False)
    assert child.returncode == 2
    assert f"There is no Ray cluster at {address}. Correct RAY_ADDRESS" in child.stderr
    assert "Traceback" not in child.stderr
