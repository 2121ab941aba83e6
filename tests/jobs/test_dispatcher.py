"""Several servers on one home: each job starts once, one at a time, also when servers and jobs are killed."""

import os
import random
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import psutil
import pytest

from core.jobs import dispatcher, process, queue, tickets
from tests.browser import conftest as browser

ROOT = Path(__file__).parents[2]
SERVER = """
import sys, time
from pathlib import Path
from core.jobs import dispatcher
dispatcher.keep_dispatching(Path(sys.argv[1]), forever=True)
while True:
    time.sleep(1)
"""


def start_server(home: Path) -> subprocess.Popen[bytes]:
    return subprocess.Popen(
        [sys.executable, "-c", SERVER, str(home)], cwd=ROOT, env=os.environ | {"OMP_NUM_THREADS": "1"}
    )


@pytest.fixture
def servers(tmp_path: Path) -> Iterator[list[subprocess.Popen[bytes]]]:
    """Three servers of one home."""
    running = [start_server(tmp_path) for _ in range(3)]
    yield running
    for server in running:
        server.kill()
        server.wait()


def make_job(home: Path, visitor: str, name: str) -> Path:
    folder = home / "workspaces" / visitor / "runs" / name
    folder.mkdir(parents=True)
    return folder


def workers(home: Path) -> list[psutil.Process]:
    """The processes of jobs."""
    found = []
    for candidate in psutil.process_iter():
        try:
            line = candidate.cmdline()
        except psutil.Error:
            continue
        if "no-such-command" in line and any(str(home) in part for part in line):
            found.append(candidate)
    return found


def test_what_is_submitted_here_starts_here_and_the_thread_ends(tmp_path: Path) -> None:
    job = make_job(tmp_path, "local", "job")
    dispatcher.submit(job, command="no-such-command")
    while process.read_status(job).active:
        time.sleep(0.05)
    assert "invalid choice" in job.joinpath(process.LOG).read_text()
    queue.dispatch(tmp_path)
    assert tickets.paths(tmp_path) == []


@pytest.mark.slow
def test_a_server_that_starts_goes_on_with_the_jobs_that_wait(tmp_path: Path) -> None:
    jobs = [make_job(tmp_path, "local", name) for name in ("a", "b")]
    for job in jobs:
        queue.enqueue(job, command="no-such-command")
    server = browser.start_server(tmp_path, browser.free_port())
    try:
        while any(process.read_status(job).active for job in jobs):
            time.sleep(0.1)
    finally:
        server.process.kill()
        server.process.wait()
    assert [job.joinpath(process.LOG).read_text().count("invalid choice") for job in jobs] == [1, 1]


@pytest.mark.slow
@pytest.mark.timeout(300)
def test_three_servers_start_each_job_once(tmp_path: Path, servers: list[subprocess.Popen[bytes]]) -> None:
    jobs = [make_job(tmp_path, f"visitor-{i % 4}", f"job-{i}") for i in range(10)]
    for job in jobs:
        queue.enqueue(job, command="no-such-command")
    most = 0
    while any(process.read_status(job).active for job in jobs):
        most = max(most, len(workers(tmp_path)))
        time.sleep(0.02)
    assert most == 1
    assert [job.joinpath(process.LOG).read_text().count("invalid choice") for job in jobs] == [1] * len(jobs)


@pytest.mark.slow
@pytest.mark.timeout(300)
def test_killed_servers_and_jobs_lose_no_waiting_job(tmp_path: Path, servers: list[subprocess.Popen[bytes]]) -> None:
    dice = random.Random(0)
    jobs = [make_job(tmp_path, f"visitor-{i % 4}", f"job-{i}") for i in range(10)]
    for job in jobs:
        queue.enqueue(job, command="no-such-command")
    most = killed = 0
    while any(process.read_status(job).active for job in jobs):
        time.sleep(dice.uniform(0.0, 0.6))
        running = workers(tmp_path)
        most = max(most, len(running))
        if killed < 12:
            killed += 1
            if running and dice.random() < 0.5:
                running[0].kill()
            else:
                number = dice.randrange(len(servers))
                os.kill(servers[number].pid, signal.SIGKILL)
                servers[number].wait()
                servers[number] = start_server(tmp_path)
    assert most == 1
    assert {process.read_status(job).state for job in jobs} == {"died"}
    # Each was started, or died at once when it was killed; none is left in the queue.
    assert all(job.joinpath(process.LOG).exists() for job in jobs)
    queue.dispatch(tmp_path)
    assert tickets.paths(tmp_path) == []
