"""A full disk: every page opens, everything that stores says in a sentence what to do, and deleting helps."""

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from core.data.samples import CLINIC
from core.experiments.launch import create_training_run, sample_dataset
from core.jobs import process
from core.runs import list_runs
from core.training.config import TrainingConfig
from core.workspace import Workspace, workspace_of
from tests.browser.conftest import Server, free_port, start_server
from tests.faults.checks import assert_readable, command_line, fingerprints, open_every_page
from tests.faults.conftest import fill
from tests.streamlit_client import Visitor

FULL = "could not be stored: the disk is full"
# What to do, whether the lack of space was noticed before or while something was stored.
REMEDY = "ree some disk space"
TABLE = b"text,label\n" + b"\n".join(b"some words %d,%s" % (i, b"ab"[i % 2 : i % 2 + 1]) for i in range(60))


@pytest.fixture
def full(finished_home: Path, small_disk: Path) -> Workspace:
    """A workspace with a finished run on a disk without a free byte."""
    home = small_disk / "home"
    shutil.copytree(finished_home, home)
    (home / "server.log").touch()
    fill(small_disk)
    return workspace_of("local", home)


@pytest.fixture
def server(full: Workspace, tmp_path: Path) -> Iterator[Server]:
    running = start_server(full.home, free_port(), log=tmp_path / "server.log")
    yield running
    running.process.kill()
    running.process.wait()


def test_every_page_opens_and_finished_work_is_intact(server: Server, full: Workspace) -> None:
    before = fingerprints(full)
    open_every_page(server)
    assert fingerprints(full) == before


def test_what_cannot_be_stored_is_a_sentence_with_what_to_do(server: Server) -> None:
    with Visitor(server.url) as visitor:
        visitor.open("")
        visitor.click("Try it now")
        assert_readable(visitor)
        assert REMEDY in visitor.text()
        visitor.open("evaluate")
        visitor.choose("Evaluated on", "Test")
        assert_readable(visitor)
        assert f"This view of the test results {FULL}" in visitor.text()
        assert visitor.has("button", "Predict new texts"), "the page ends at the error"
        visitor.open("data")
        visitor.choose("Source", "Upload")
        visitor.upload("", "small.csv", TABLE)
        assert_readable(visitor)
        visitor.click("Use this dataset")
        assert_readable(visitor)
        assert REMEDY in visitor.text()
        visitor.open("predict")
        visitor.fill("Text", "the new pills make me dizzy every morning")
        visitor.click("Predict")
        assert_readable(visitor)
        assert "Medication Side Effects" in visitor.text()


def test_a_deleted_model_makes_room(server: Server, full: Workspace) -> None:
    with Visitor(server.url) as visitor:
        visitor.open("models")
        visitor.click("Delete permanently")
        assert_readable(visitor)
    assert list_runs(full) == []


def test_every_command_says_it_in_a_sentence(full: Workspace, tmp_path: Path) -> None:
    (run,) = list_runs(full)
    table = tmp_path / "small.csv"
    table.write_bytes(TABLE)
    inside = full.home / "out.csv"
    for storing in (
        ["demo"],
        ["train", str(table), "--text", "text", "--label", "label"],
        ["predict", run.id, "--file", str(table), "--out", str(inside)],
        ["export", run.id, str(full.home / "model.zip")],
        ["evaluate", run.id, "--report", str(full.home / "report.html")],
    ):
        result = command_line(full.home, *storing)
        assert result.returncode == 2, (storing, result.stderr)
        assert REMEDY in result.stderr, (storing, result.stderr)
    for reading in (["check", str(table), "--text", "text", "--label", "label"], ["predict", run.id, "my pills"]):
        assert command_line(full.home, *reading).returncode == 0, reading
    shown = command_line(full.home, "evaluate", run.id)
    assert shown.returncode == 0
    assert f"This view of the test results {FULL}" in shown.stderr


@pytest.mark.timeout(900)
@pytest.mark.parametrize("free_megabytes", [2, 20, 50])
def test_a_training_that_fills_the_disk_says_so(finished_home: Path, large_disk: Path, free_megabytes: int) -> None:
    home = large_disk / "home"
    shutil.copytree(finished_home, home)
    workspace = workspace_of("local", home)
    before = fingerprints(workspace)
    run = create_training_run(workspace, sample_dataset(workspace, CLINIC), TrainingConfig(epochs=1, max_length=16))
    filler = fill(large_disk, leave=free_megabytes * 1_000_000)
    result = command_line(home, "run", str(run.folder))
    assert result.returncode == 2, result.stderr
    status = process.read_status(run.folder)
    assert status.state == "failed"
    assert REMEDY in status.hint
    assert "Errno" not in status.message + status.hint
    assert fingerprints(workspace) == before
    filler.unlink()
    assert command_line(home, "run", str(run.folder)).returncode == 0
    assert run.result() is not None
