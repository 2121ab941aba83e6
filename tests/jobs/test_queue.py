"""One at a time, first come first served, and the dead make room."""

import json
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from core.jobs import queue


@pytest.fixture
def first(tmp_path: Path) -> Iterator[subprocess.Popen[bytes]]:
    """A live process of the job "first"."""
    running = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(60)", str(tmp_path / "first")])
    yield running
    running.kill()
    running.wait()


def take(home: Path, job: Path, pid: int, order: list[str]) -> None:
    with queue.wait_turn(home, job, pid, lambda ahead: order.append(f"{job.name} waits behind {ahead}")):
        order.append(job.name)


def test_the_second_waits_until_the_first_has_gone(tmp_path: Path, first: subprocess.Popen[bytes]) -> None:
    order: list[str] = []
    with queue.wait_turn(tmp_path, tmp_path / "first", first.pid, lambda ahead: None):
        order.append("first")
        second = threading.Thread(target=take, args=(tmp_path, tmp_path / "second", first.pid, order))
        second.start()
        while len(order) < 2:
            pass
        assert queue.jobs_ahead(tmp_path, tmp_path / "second") == 1
    second.join(timeout=10)
    assert order[0] == "first"
    assert order[-1] == "second"
    assert set(order[1:-1]) == {"second waits behind 1"}
    assert list((tmp_path / "queue").glob("[0-9]*.json")) == []


def test_the_ticket_of_a_dead_process_is_cleared(tmp_path: Path, first: subprocess.Popen[bytes]) -> None:
    (tmp_path / "queue").mkdir()
    stale = tmp_path / "queue" / f"{1:020d}.json"
    stale.write_text(json.dumps({"pid": first.pid, "job": "another"}))
    order: list[str] = []
    take(tmp_path, tmp_path / "first", first.pid, order)
    assert order == ["first"]
    assert not stale.exists()


def test_a_failing_job_makes_room(tmp_path: Path, first: subprocess.Popen[bytes]) -> None:
    def fail() -> None:
        with queue.wait_turn(tmp_path, tmp_path / "first", first.pid, lambda ahead: None):
            raise ValueError("broke")

    with pytest.raises(ValueError, match="broke"):
        fail()
    assert queue.jobs_ahead(tmp_path, tmp_path / "first") == 0
