"""A jump of the clock, two servers on one workspace, files of a newer version: nothing dies, is lost or is rewritten."""

import hashlib
import json
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from core.data.samples import CLINIC
from core.experiments.launch import create_training_run, sample_dataset
from core.jobs import process
from core.runs import list_runs
from core.training.config import TrainingConfig
from core.workspace import Workspace
from tests.browser.conftest import free_port, start_server
from tests.faults.checks import fingerprints, open_every_page
from tests.streamlit_client import PAGES, Visitor

FAKETIME = shutil.which("faketime")
NEWER = "was written by a newer version of Finetune Studio"


@pytest.mark.skipif(FAKETIME is None, reason="faketime is not installed (on Debian: apt-get install faketime).")
@pytest.mark.parametrize("jump", ["+400d", "-400d", "+1h"])
def test_a_jump_of_the_clock_ends_no_job_and_deletes_nothing(workspace: Workspace, jump: str) -> None:
    before = fingerprints(workspace)
    run = create_training_run(workspace, sample_dataset(workspace, CLINIC), TrainingConfig())
    # A worker that does nothing for a minute: a process with the name of the run's folder.
    worker = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(120)", str(run.folder)])
    process.write_status(run.folder, "running", pid=worker.pid)
    server = start_server(workspace.home, free_port(), wrapper=(str(FAKETIME), "-f", jump))
    try:
        open_every_page(server)
        assert process.read_status(run.folder).state == "running"
        assert worker.poll() is None
        assert fingerprints(workspace) == before
    finally:
        server.process.kill()
        server.process.wait()
        worker.kill()
        worker.wait()
    assert process.read_status(run.folder).state == "died"


def test_two_servers_on_one_workspace(workspace: Workspace) -> None:
    before = fingerprints(workspace)
    servers = [start_server(workspace.home, free_port()) for _ in range(2)]
    try:
        for server in servers:
            with Visitor(server.url) as visitor:
                visitor.open("")
                visitor.click("Try it now")
                assert visitor.exceptions() == []
        started = [run for run in list_runs(workspace) if run.result() is None]
        assert started
        for server in servers:
            texts = open_every_page(server)
            assert all(run.name in texts["models"] for run in list_runs(workspace))
        assert {process.read_status(run.folder).state for run in started} <= {"queued", "running", "finished"}
        for run in started:
            process.kill(run.folder)
        assert fingerprints(workspace) == before
    finally:
        for server in servers:
            server.process.kill()
            server.process.wait()


@pytest.mark.parametrize("pattern", ["runs/*/run.json", "datasets/*/dataset.json", "runs/*/evaluation/result.json"])
def test_a_file_of_a_newer_version_is_named_and_never_changed(workspace: Workspace, pattern: str) -> None:
    (path,) = workspace.root.glob(pattern)
    path.write_text(json.dumps(json.loads(path.read_text()) | {"format_version": 99, "future": [1]}))
    before = digests(workspace.root)
    server = start_server(workspace.home, free_port())
    try:
        texts = open_every_page(server)
        with Visitor(server.url) as visitor:
            visitor.open("data")
            visitor.choose("Source", "Saved datasets")
            assert visitor.exceptions() == []
            shown = visitor.text() + "".join(texts[page] for page in PAGES)
    finally:
        server.process.kill()
        server.process.wait()
    assert NEWER in shown
    assert digests(workspace.root) == before


def digests(folder: Path) -> dict[Path, str]:
    """A digest of every file below a folder."""
    return {p: hashlib.sha256(p.read_bytes()).hexdigest() for p in folder.rglob("*") if p.is_file()}
