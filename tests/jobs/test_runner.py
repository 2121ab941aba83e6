"""What surrounds each job: its turn, and somebody who changes his mind while it waits."""

import subprocess
import sys
import threading
import time
from pathlib import Path

import pytest

from core.jobs import events, process, queue
from core.jobs.events import Event, Phase, Progress
from core.jobs.runner import Emit, run_job


def test_a_job_called_off_while_it_waits_never_begins(tmp_path: Path) -> None:
    before, folder, done = tmp_path / "before", tmp_path / "job", []
    folder.mkdir()
    earlier = subprocess.Popen([sys.executable, "-c", "input()", str(before)], stdin=subprocess.PIPE)
    assert earlier.stdin is not None
    while not process.lives(earlier.pid, before.name):
        time.sleep(0.01)
    queue._take(tmp_path / "queue", before, earlier.pid)
    job = threading.Thread(target=run_job, args=(folder, tmp_path, lambda emit, switch: done.append(1)))
    job.start()
    while not queue.jobs_ahead(tmp_path, folder):
        # A job of this thread is no process with the folder's name: its ticket is what there is to be seen.
        time.sleep(0.01)
    process.write_status(folder, "stopped", "Stopped before it began.")
    earlier.stdin.write(b"\n")
    earlier.stdin.close()
    earlier.wait()
    job.join(timeout=30)
    assert not job.is_alive()
    assert not done
    assert process.read_status(folder).message == "Stopped before it began."
    run_job(folder, tmp_path, lambda emit, switch: done.append(1))
    assert done == [1]
    assert process.read_status(folder).state == "finished"


def test_a_process_that_has_just_been_started_lives(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """For a moment after its start the command line of a process is empty."""
    monkeypatch.setattr(process, "lives", lambda pid, name: False)
    child = subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE)
    assert child.stdin is not None
    monkeypatch.setitem(process._children, child.pid, child)
    process.write_status(tmp_path, "queued", pid=child.pid)
    assert process.read_status(tmp_path).state == "queued"
    child.stdin.write(b"\n")
    child.stdin.close()
    child.wait()
    assert process.read_status(tmp_path).state == "died"


def test_a_million_steps_do_not_make_a_million_lines(tmp_path: Path) -> None:
    heard: list[Event] = []

    def job(emit: Emit, switch: object) -> None:
        for phase in ("features", "training"):
            emit(Phase(phase))
            for done in range(1, 501):
                emit(Progress(done, 500))

    (tmp_path / "job").mkdir()
    run_job(tmp_path / "job", tmp_path, job, heard.append)
    written = events.read(tmp_path / "job")
    assert len(heard) > 1_000
    assert len(written) < 100
    assert written[-1] == heard[-1] == Progress(500, 500, time=heard[-1].time)
    assert [event.name for event in written if isinstance(event, Phase)] == ["waiting", "features", "training"]
