"""The status of a job is that of its process, whatever it last wrote; a damaged status is a failed job."""

import json
import os
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from core.jobs import process
from core.storage import FORMAT_VERSION
from tests.jobs.damage import DAMAGES, damage


@pytest.fixture
def child(tmp_path: Path) -> Iterator[subprocess.Popen[bytes]]:
    """A process with the job's folder on its command line."""
    running = subprocess.Popen(
        [sys.executable, "-c", "import sys; sys.stdin.read()", str(tmp_path)], stdin=subprocess.PIPE
    )
    yield running
    running.kill()
    running.wait()
    assert running.stdin is not None
    running.stdin.close()


def test_a_running_job_is_active(tmp_path: Path, child: subprocess.Popen[bytes]) -> None:
    process.write_status(tmp_path, "running", pid=child.pid)
    assert process.read_status(tmp_path).active


def test_a_killed_job_has_died_and_the_hint_ends_with_its_log(tmp_path: Path, child: subprocess.Popen[bytes]) -> None:
    (tmp_path / process.LOG).write_text("first\n\nlast line\n")
    process.write_status(tmp_path, "running", pid=child.pid)
    process.kill(tmp_path)
    child.wait()
    status = process.read_status(tmp_path)
    assert status.state == "died"
    assert "killed, ran out of memory" in status.message
    assert status.hint == "Last log lines: first / last line"


def test_a_child_counts_as_running_before_its_command_line_can_be_read(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(process, "has_argument", lambda pid, name: False)
    process.start(tmp_path, command="no-such-command")
    assert process.read_status(tmp_path).state == "queued"
    deadline = time.monotonic() + 60
    while process.read_status(tmp_path).active and time.monotonic() < deadline:
        time.sleep(0.05)
    status = process.read_status(tmp_path)
    assert status.state == "died"
    assert "no-such-command" in status.hint


def test_another_process_with_the_same_number_is_not_the_job(tmp_path: Path) -> None:
    process.write_status(tmp_path, "running", pid=os.getpid())
    assert process.read_status(tmp_path).state == "died"


def test_a_job_that_has_ended_keeps_its_status(tmp_path: Path) -> None:
    process.write_status(tmp_path, "failed", "It broke.", "Fix it.", pid=os.getpid())
    status = process.read_status(tmp_path)
    assert (status.state, status.message, status.hint) == ("failed", "It broke.", "Fix it.")
    process.kill(tmp_path)  # does not kill this process


def test_a_job_that_was_never_started_has_died(tmp_path: Path) -> None:
    assert process.read_status(tmp_path).state == "died"


def test_the_status_has_a_format_version_and_one_without_is_read(tmp_path: Path) -> None:
    process.write_status(tmp_path, "finished")
    path = tmp_path / process.STATUS
    record = json.loads(path.read_text())
    assert record.pop("format_version") == FORMAT_VERSION
    path.write_text(json.dumps(record))
    assert process.read_status(tmp_path).state == "finished"


@pytest.mark.parametrize("kind", DAMAGES)
def test_a_damaged_status_is_a_failed_job(kind: str, tmp_path: Path) -> None:
    process.write_status(tmp_path, "running")
    damage(tmp_path / process.STATUS, kind, "state")
    status = process.read_status(tmp_path)
    assert status.state == "failed"
    assert status.message.startswith(f"{process.STATUS} of {tmp_path.name}")
    assert status.hint == "Start it again, or delete it."
    process.stop(tmp_path)  # there is nothing to stop
    process.write_status(tmp_path, "queued", pid=0)
    assert process.read_status(tmp_path).state == "queued"


@pytest.mark.parametrize("pid", [-1, 2**62])
def test_an_impossible_process_number_is_never_signaled(pid: int, tmp_path: Path) -> None:
    process.write_status(tmp_path, "running", pid=pid)
    assert process.read_status(tmp_path).state == "died"
    # On a folder that another machine shares, the process cannot be looked up, and must not be signaled here.
    path = tmp_path / process.STATUS
    path.write_text(json.dumps(json.loads(path.read_text()) | {"host": "another machine"}))
    assert process.read_status(tmp_path).state == "running"
    process.kill(tmp_path)
