"""kill -9 of the server, the worker, or both at random moments of a training: nothing finished is lost, the rest is named."""

import os
import random
import time
from pathlib import Path

import pytest

from core.jobs import process
from core.runs import Run, list_runs
from core.workspace import Workspace
from tests.browser.conftest import Server, free_port, start_server
from tests.faults.checks import assert_readable, fingerprints, open_every_page, unfinished, workers
from tests.streamlit_client import Visitor

KILLS = int(os.environ.get("FAULT_KILLS", "20"))
_LATEST = 40.0
_ENDS_WITHIN = 300.0


@pytest.fixture
def log(tmp_path: Path) -> Path:
    return tmp_path / "server.log"


def start_training(server: Server) -> None:
    """Click "Try it now", as a person does."""
    with Visitor(server.url) as visitor:
        visitor.open("")
        visitor.click("Try it now" if visitor.has("button", "Try it now") else "Train")
        assert_readable(visitor)


def wait_until_ended(run: Run) -> None:
    """Wait for a training whose worker outlived the server."""
    deadline = time.monotonic() + _ENDS_WITHIN
    while process.read_status(run.folder).active:
        assert time.monotonic() < deadline, process.read_status(run.folder)
        time.sleep(0.5)


def kill(server: Server, victims: str, runs: list[Run]) -> None:
    """End processes as kill -9 does."""
    if victims in ("server", "both"):
        server.process.kill()
        server.process.wait()
    if victims in ("worker", "both"):
        for worker in [worker for run in runs for worker in workers(run.folder)]:
            worker.kill()


def assert_offered(server: Server, run: Run, resume: bool) -> None:
    """An unfinished run is named as such, and can be resumed to its end or removed."""
    status = process.read_status(run.folder)
    assert status.state in ("died", "failed", "stopped"), status
    with Visitor(server.url) as visitor:
        visitor.open("models", f"run={run.id}")
        assert_readable(visitor)
        assert visitor.has("button", "Resume"), visitor.text()
        if not resume:
            visitor.click("Delete permanently")
            assert_readable(visitor)
            assert not run.folder.exists()
            return
        visitor.open("train", f"run={run.id}")
        visitor.click("Resume")
        assert_readable(visitor)
        wait_until_ended(run)
    assert run.result() is not None, process.read_status(run.folder)


@pytest.mark.timeout(300 * max(KILLS, 4))
def test_no_finished_run_is_lost(workspace: Workspace, log: Path) -> None:
    moments = random.Random(0)
    intact = fingerprints(workspace)
    server = start_server(workspace.home, free_port(), log=log)
    try:
        for number in range(KILLS):
            start_training(server)
            time.sleep(moments.uniform(0, _LATEST))
            victims = ("server", "worker", "both")[number % 3]
            intact = fingerprints(workspace) | intact
            kill(server, victims, list_runs(workspace))
            if victims != "worker":
                server = start_server(workspace.home, free_port(), log=log)
            open_every_page(server)
            for run in unfinished(workspace):
                if victims == "server":
                    wait_until_ended(run)
                if run.result() is None:
                    assert_offered(server, run, resume=number % 4 == 0)
            now = fingerprints(workspace)
            assert {path: now.get(path) for path in intact} == intact, f"kill {number} of {victims}"
    finally:
        server.process.kill()
        server.process.wait()
    assert "Uncaught app execution" not in log.read_text(encoding="utf-8", errors="replace")
