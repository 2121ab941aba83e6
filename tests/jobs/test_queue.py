"""The queue runs one job at a time, first come first served; dead processes and damaged tickets do not block it."""

import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from core.jobs import queue
from core.storage import write_record
from tests.jobs.damage import DAMAGES, damage


@pytest.fixture
def first(tmp_path: Path) -> Iterator[subprocess.Popen[bytes]]:
    """A live process of the job "first"."""
    running = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(60)", str(tmp_path / "first")])
    yield running
    running.kill()
    running.wait()


def wait_and_note(home: Path, job: Path, pid: int, notes: list[str]) -> None:
    with queue.wait_turn(home, job, pid):
        notes.append(job.name)


def test_the_second_job_waits_until_the_first_has_ended(tmp_path: Path, first: subprocess.Popen[bytes]) -> None:
    notes: list[str] = []
    with queue.wait_turn(tmp_path, tmp_path / "first", first.pid):
        second = threading.Thread(target=wait_and_note, args=(tmp_path, tmp_path / "second", first.pid, notes))
        second.start()
        while not queue.jobs_ahead(tmp_path, tmp_path / "second"):
            time.sleep(0.01)
        notes.append("first")
    second.join(timeout=10)
    assert notes == ["first", "second"]
    assert list((tmp_path / "queue").glob("[0-9]*.json")) == []


def test_the_ticket_of_a_dead_process_is_removed(tmp_path: Path, first: subprocess.Popen[bytes]) -> None:
    stale = tmp_path / "queue" / f"{1:020d}.json"
    write_record(stale, {"pid": first.pid, "job": "another"})
    notes: list[str] = []
    wait_and_note(tmp_path, tmp_path / "first", first.pid, notes)
    assert notes == ["first"]
    assert not stale.exists()


@pytest.mark.parametrize("kind", DAMAGES)
def test_a_damaged_ticket_is_removed(kind: str, tmp_path: Path, first: subprocess.Popen[bytes]) -> None:
    ticket = queue.take_ticket(tmp_path, tmp_path / "first", first.pid)
    damage(ticket, kind, "job")
    assert queue.jobs_ahead(tmp_path, tmp_path / "second") == 0
    notes: list[str] = []
    wait_and_note(tmp_path, tmp_path / "second", first.pid, notes)
    assert notes == ["second"]
    assert not ticket.exists()


def test_foreign_files_in_the_queue_are_ignored(tmp_path: Path, first: subprocess.Popen[bytes]) -> None:
    (tmp_path / "queue").mkdir()
    (tmp_path / "queue" / "1-notes.json").write_text("{}")
    notes: list[str] = []
    wait_and_note(tmp_path, tmp_path / "first", first.pid, notes)
    assert notes == ["first"]


def test_a_failing_job_ends_its_turn(tmp_path: Path, first: subprocess.Popen[bytes]) -> None:
    def fail() -> None:
        with queue.wait_turn(tmp_path, tmp_path / "first", first.pid):
            raise ValueError("broke")

    with pytest.raises(ValueError, match="broke"):
        fail()
    assert queue.jobs_ahead(tmp_path, tmp_path / "first") == 0
