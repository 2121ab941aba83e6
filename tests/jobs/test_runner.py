"""What every job gets: its turn, a record of its events, and a status that says how it ended."""

import subprocess
import sys
import threading
import time
from pathlib import Path

import pytest

from core.errors import ModelError
from core.jobs import events, process, queue
from core.jobs.events import Event, OnEvent, Phase, Progress
from core.jobs.runner import StopSignal, run_job


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    path = tmp_path / "job"
    path.mkdir()
    return path


def test_a_job_that_is_stopped_while_it_waits_never_starts(folder: Path, tmp_path: Path) -> None:
    before, done = tmp_path / "before", list[int]()
    earlier = subprocess.Popen([sys.executable, "-c", "input()", str(before)], stdin=subprocess.PIPE)
    assert earlier.stdin is not None
    while not process.has_argument(earlier.pid, before.name):
        time.sleep(0.01)
    queue.claim(tmp_path, before, earlier.pid)
    job = threading.Thread(target=run_job, args=(folder, tmp_path, lambda on_event, stop: done.append(1)))
    job.start()
    # The job of a thread has no process of its own, so its status says nothing; its events show that it waits.
    while not (folder / events.FILE).exists():
        time.sleep(0.01)
    process.write_status(folder, "stopped", "Stopped before it started.")
    earlier.stdin.write(b"\n")
    earlier.stdin.close()
    earlier.wait()
    job.join(timeout=30)
    assert not job.is_alive()
    assert not done
    assert process.read_status(folder).message == "Stopped before it started."
    run_job(folder, tmp_path, lambda on_event, stop: done.append(1))
    assert done == [1]
    assert process.read_status(folder).state == "finished"


def test_progress_is_recorded_at_intervals_and_passed_on_in_full(folder: Path, tmp_path: Path) -> None:
    received: list[Event] = []

    def job(on_event: OnEvent, stop: StopSignal) -> None:
        for phase in ("features", "training"):
            on_event(Phase(phase))
            for done in range(1, 501):
                on_event(Progress(done, 500))

    run_job(folder, tmp_path, job, received.append)
    recorded = events.read(folder)
    assert len(received) > 1_000
    assert len(recorded) < 100
    assert recorded[-1] == received[-1] == Progress(500, 500, time=received[-1].time)
    assert [event.name for event in recorded if isinstance(event, Phase)] == ["waiting", "features", "training"]


@pytest.mark.parametrize(
    ("error", "message", "hint"),
    [
        (ModelError("It has no head.", "Train it."), "It has no head.", "Train it."),
        (MemoryError(), "The machine ran out of memory.", "smaller batch size"),
        (ValueError("bad\nvalue"), "unexpected error: ValueError: bad", "log"),
    ],
)
def test_a_failure_is_recorded_and_raised(
    error: Exception, message: str, hint: str, folder: Path, tmp_path: Path
) -> None:
    def job(on_event: OnEvent, stop: StopSignal) -> None:
        raise error

    with pytest.raises(type(error)):
        run_job(folder, tmp_path, job)
    status = process.read_status(folder)
    assert status.state == "failed"
    assert message in status.message
    assert hint in status.hint
    assert sorted(path.name for path in folder.iterdir()) == [events.FILE, process.STATUS]
