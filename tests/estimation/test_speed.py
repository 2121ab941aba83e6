"""The speed measurement: on the tiny encoder, as a job, and with a damaged result."""

import time
from dataclasses import asdict
from pathlib import Path

import pytest

from core import host
from core.errors import StorageError
from core.estimation.cost import estimate_cost
from core.estimation.speed import measure_speed, read_speed, run_speed_measurement, speed_job
from core.jobs import process
from core.jobs.folder import JobFolder
from core.jobs.process import Status
from core.storage import write_record
from core.training.config import TrainingConfig
from core.workspace import Workspace
from tests.estimation.cases import SPEED, lengths
from tests.jobs.damage import DAMAGES, damage


def run_to_end(job: JobFolder) -> Status:
    job.start()
    while (status := process.read_status(job.path)).active:
        time.sleep(0.1)
    return status


def test_a_measurement_has_what_an_estimate_needs(tiny_encoder: str) -> None:
    speed = measure_speed(tiny_encoder, mixed_precision=False)
    assert speed.lengths == (32, 64)  # the tiny encoder has 64 positions
    assert (speed.layers, speed.cores) == (2, host.cores())
    for seconds in (speed.forward, speed.step, speed.frozen):
        assert len(seconds) == 2
        assert min(seconds) > 0
    assert sorted(speed.memory) == list(speed.memory)
    assert speed.memory[0] >= speed.loaded > 50
    cost = estimate_cost(TrainingConfig(max_length=64), lengths(40, 60), (100, 10, 10), speed)
    assert cost.seconds > speed.start
    assert cost.fits


@pytest.mark.slow
def test_a_measurement_is_a_job(workspace: Workspace, tiny_encoder: str) -> None:
    job = speed_job(workspace.home, tiny_encoder, True)
    assert job.status() is None
    assert read_speed(job) is None
    status = run_to_end(job)
    assert status.state == "finished", (status, process.log_tail(job.path))
    speed = read_speed(speed_job(workspace.home, tiny_encoder, True))
    assert speed is not None
    assert speed.lengths == (32, 64)
    assert read_speed(speed_job(workspace.home, tiny_encoder, False)) is None


@pytest.mark.slow
def test_an_unavailable_encoder_fails_with_a_message(workspace: Workspace, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HF_HUB_OFFLINE", "1")
    monkeypatch.setenv("HF_HOME", str(workspace.home / "hub"))
    status = run_to_end(speed_job(workspace.home, "nobody/nothing", True))
    assert status.state == "failed"
    assert "nobody/nothing" in status.message


@pytest.mark.parametrize("kind", [*DAMAGES, "values missing"])
def test_a_damaged_measurement_counts_as_none(kind: str, tmp_path: Path) -> None:
    job = speed_job(tmp_path, "bert", True)
    write_record(job.result_path, asdict(SPEED))
    assert read_speed(job) == SPEED
    if kind == "values missing":
        write_record(job.result_path, asdict(SPEED) | {"step": [0.1]})
    else:
        damage(job.result_path, kind, "parameters")
    assert read_speed(job) is None


@pytest.mark.parametrize("kind", DAMAGES)
def test_a_damaged_input_fails_with_a_message(kind: str, tmp_path: Path) -> None:
    path = tmp_path / "measurements" / "bert"
    write_record(path / "input.json", {"encoder": "bert", "mixed_precision": True})
    damage(path / "input.json", kind, "encoder")
    with pytest.raises(StorageError):
        run_speed_measurement(path)
    status = process.read_status(path)
    assert status.state == "failed"
    assert status.message.startswith("input.json of bert")
