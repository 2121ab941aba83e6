"""Whether a job lives is told from its process, not from what it last wrote."""

import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from core.jobs import process


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


def test_a_killed_job_has_died_and_its_last_words_are_told(tmp_path: Path, child: subprocess.Popen[bytes]) -> None:
    (tmp_path / process.LOG).write_text("first\n\nlast line\n")
    process.write_status(tmp_path, "running", pid=child.pid)
    process.kill(tmp_path)
    child.wait()
    status = process.read_status(tmp_path)
    assert status.state == "died"
    assert "killed, out of memory" in status.message
    assert "last line" in status.hint


def test_another_process_with_the_number_is_not_the_job(tmp_path: Path) -> None:
    process.write_status(tmp_path, "running", pid=os.getpid())
    assert process.read_status(tmp_path).state == "died"


def test_an_ended_job_stays_as_it_ended(tmp_path: Path) -> None:
    process.write_status(tmp_path, "failed", "It broke.", "Mend it.", pid=1)
    status = process.read_status(tmp_path)
    assert (status.state, status.message, status.hint) == ("failed", "It broke.", "Mend it.")
    process.kill(tmp_path)  # nobody is signalled


def test_a_job_that_was_never_started(tmp_path: Path) -> None:
    assert process.read_status(tmp_path).state == "died"
