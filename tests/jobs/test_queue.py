"""The queue: visitors take turns, jobs that wait have no process, and dead processes and damaged tickets do not block it."""

import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from core.errors import LimitError, RunError
from core.jobs import process, queue, tickets
from core.storage import write_record
from tests.jobs.damage import DAMAGES, damage

Submit = Callable[..., Path]


@pytest.fixture
def first(tmp_path: Path) -> Iterator[subprocess.Popen[bytes]]:
    """A live process of the job "first"."""
    running = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(60)", str(tmp_path / "first")])
    while not process.has_argument(running.pid, "first"):
        time.sleep(0.01)
    yield running
    running.kill()
    running.wait()


@pytest.fixture
def enqueue(tmp_path: Path) -> Submit:
    """Puts a new job of a visitor into the queue; returns its folder."""

    def put(visitor: str, name: str, *others: str) -> Path:
        folders = [tmp_path / "workspaces" / visitor / "runs" / each for each in (name, *others)]
        for folder in folders:
            folder.mkdir(parents=True)
        queue.enqueue(*folders, command="no-such-command")
        return folders[0]

    return put


def wait_and_note(home: Path, job: Path, pid: int, notes: list[str]) -> None:
    with queue.wait_turn(home, job, pid):
        notes.append(job.name)


def waiting(home: Path) -> list[str]:
    return [entry.ticket.job for entry in tickets.read_all(home) if not entry.ticket.has_turn]


def test_the_second_job_waits_until_the_first_has_ended(tmp_path: Path, first: subprocess.Popen[bytes]) -> None:
    notes: list[str] = []
    with queue.wait_turn(tmp_path, tmp_path / "first", first.pid):
        second = threading.Thread(target=wait_and_note, args=(tmp_path, tmp_path / "second", first.pid, notes))
        second.start()
        while not queue.position(tmp_path, tmp_path / "second"):
            time.sleep(0.01)
        notes.append("first")
    second.join(timeout=10)
    assert notes == ["first", "second"]
    assert tickets.paths(tmp_path) == []


def test_the_ticket_of_a_dead_process_is_removed(tmp_path: Path, first: subprocess.Popen[bytes]) -> None:
    stale = tmp_path / "queue" / f"{1:020d}.json"
    write_record(stale, {"pid": first.pid, "job": "another"})
    notes: list[str] = []
    wait_and_note(tmp_path, tmp_path / "first", first.pid, notes)
    assert notes == ["first"]
    assert not stale.exists()


@pytest.mark.parametrize("kind", DAMAGES)
def test_a_damaged_ticket_is_removed(kind: str, tmp_path: Path, first: subprocess.Popen[bytes]) -> None:
    ticket = queue.claim(tmp_path, tmp_path / "first", first.pid)
    damage(ticket, kind, "job")
    assert queue.position(tmp_path, tmp_path / "second") == 0
    notes: list[str] = []
    wait_and_note(tmp_path, tmp_path / "second", first.pid, notes)
    assert notes == ["second"]
    assert not ticket.exists()


def test_a_job_whose_ticket_was_damaged_has_lost_its_place(tmp_path: Path, enqueue: Submit) -> None:
    folder = enqueue("local", "job")
    assert process.read_status(folder).state == "queued"
    damage(tickets.paths(tmp_path)[0], "truncated", "job")
    tickets.clean(tmp_path)
    status = process.read_status(folder)
    assert (status.state, status.message) == ("died", "The job lost its place in the queue.")


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
    assert tickets.paths(tmp_path) == []


def test_a_job_that_runs_is_not_run_by_another_process(tmp_path: Path, first: subprocess.Popen[bytes]) -> None:
    queue.claim(tmp_path, tmp_path / "first", first.pid)
    with pytest.raises(RunError, match="running already"):
        queue.claim(tmp_path, tmp_path / "first", first.pid + 1)


def test_visitors_take_turns(tmp_path: Path, enqueue: Submit) -> None:
    enqueue("visitor-a", "a1", "a2", "a3")
    enqueue("visitor-b", "b1")
    enqueue("visitor-a", "a4")
    enqueue("visitor-c", "c1", "c2")
    assert waiting(tmp_path) == ["a1", "b1", "c1", "a2", "c2", "a3", "a4"]


def test_whoever_comes_back_does_not_overtake_those_who_wait(tmp_path: Path, enqueue: Submit) -> None:
    a1 = enqueue("visitor-a", "a1")
    enqueue("visitor-b", "b1")
    queue.cancel(a1)
    enqueue("visitor-a", "a2")
    assert waiting(tmp_path) == ["b1", "a2"]


def test_the_order_does_not_depend_on_the_clock(
    tmp_path: Path, enqueue: Submit, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(time, "time_ns", lambda: 3_000)
    enqueue("local", "first")
    for now in (1_000, 2_000_000, 5):
        monkeypatch.setattr(time, "time_ns", lambda now=now: now)
        enqueue("local", f"at {now}")
    assert waiting(tmp_path) == ["first", "at 1000", "at 2000000", "at 5"]


def test_a_visitor_has_at_most_three_jobs_and_is_told_what_to_do(tmp_path: Path, enqueue: Submit) -> None:
    for name in ("a", "b", "c"):
        enqueue("visitor-a", name, f"{name} again")  # jobs that are started together count as one
    with pytest.raises(LimitError) as caught:
        enqueue("visitor-a", "d")
    assert caught.value.message == (
        "You have 6 jobs already: 0 running and 6 waiting. This host takes 3 at a time from each visitor."
    )
    assert "Wait until one has ended, or stop one" in caught.value.hint
    with pytest.raises(LimitError):
        queue.check_room(tmp_path / "workspaces" / "visitor-a" / "runs")
    queue.check_room(tmp_path / "workspaces" / "visitor-b" / "runs")
    assert "d" not in waiting(tmp_path)


def test_a_full_queue_takes_no_more_jobs(enqueue: Submit, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("STUDIO_MAX_JOBS_IN_QUEUE", "2")
    enqueue("visitor-a", "a")
    with pytest.raises(LimitError, match="The queue of this host is full: 1 job of 2 run or wait"):
        enqueue("visitor-b", "b", "c")


def test_a_job_is_in_the_queue_once(tmp_path: Path, enqueue: Submit) -> None:
    folder = enqueue("local", "job")
    queue.enqueue(folder)
    assert waiting(tmp_path) == ["job"]


def test_a_job_that_waits_has_no_process_and_leaves_the_queue_when_it_is_stopped(
    tmp_path: Path, enqueue: Submit
) -> None:
    jobs = [enqueue("local", name) for name in ("a", "b", "c")]
    assert [queue.position(tmp_path, job) for job in jobs] == [1, 2, 3]
    assert {process.read_status(job).pid for job in jobs} == {0}
    queue.stop(jobs[0])
    status = process.read_status(jobs[0])
    assert (status.state, status.message) == ("stopped", "Stopped before it started.")
    assert [queue.position(tmp_path, job) for job in jobs] == [0, 1, 2]


def test_a_job_that_was_deleted_or_stopped_by_its_status_is_not_started(tmp_path: Path, enqueue: Submit) -> None:
    deleted, stopped = enqueue("local", "deleted"), enqueue("local", "stopped")
    deleted.joinpath(process.STATUS).unlink()
    deleted.rmdir()
    process.write_status(stopped, "stopped", pid=0)
    assert queue.dispatch(tmp_path) == 1
    assert tickets.paths(tmp_path) == []
    assert not stopped.joinpath(process.LOG).exists()


@pytest.mark.slow
def test_one_job_at_a_time_gets_a_process(tmp_path: Path, enqueue: Submit) -> None:
    jobs = [enqueue("local", name) for name in ("a", "b")]
    while any(process.read_status(job).active for job in jobs):
        running = [job for job in jobs if process.read_status(job).pid and process.read_status(job).active]
        assert len(running) <= 1
        queue.dispatch(tmp_path)
        time.sleep(0.02)
    for job in jobs:
        assert process.read_status(job).state == "died"  # there is no such command
        assert job.joinpath(process.LOG).read_text().count("invalid choice") == 1


def test_a_job_that_cannot_be_started_does_not_hold_up_others(tmp_path: Path, enqueue: Submit) -> None:
    broken, whole = enqueue("local", "broken"), enqueue("local", "whole")
    broken.joinpath(process.LOG).mkdir()  # its log cannot be opened
    assert queue.dispatch(tmp_path) == 1
    assert waiting(tmp_path) == ["broken"]
    queue.stop(broken)
    process.kill(whole)
