"""A home that cannot be written: the app opens, shows, predicts, and says what cannot be stored."""

import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from core.runs import list_runs
from core.workspace import workspace_of
from tests.browser.conftest import Server, free_port, start_server
from tests.faults.checks import assert_readable, command_line, open_every_page
from tests.faults.conftest import IS_ROOT
from tests.streamlit_client import Visitor

FORBIDDEN = "could not be stored: this app may not write to the folder"


@pytest.fixture(params=["finished", "empty"])
def server(request: pytest.FixtureRequest, finished_home: Path, tmp_path: Path) -> Iterator[Server]:
    """A server on a home in a file system that is mounted read-only."""
    if not IS_ROOT:
        pytest.skip("Only root may mount a folder read-only.")
    home = tmp_path / "home"
    home.mkdir()
    if request.param == "finished":
        shutil.copytree(finished_home, home, dirs_exist_ok=True)
    if subprocess.run(["mount", "--bind", str(home), str(home)], check=False).returncode:
        pytest.skip("This machine does not allow a folder to be mounted.")
    try:
        subprocess.run(["mount", "-o", "remount,ro,bind", str(home)], check=True)
        running = start_server(home, free_port(), log=tmp_path / "server.log")
        yield running
        running.process.kill()
        running.process.wait()
    finally:
        subprocess.run(["umount", "--lazy", str(home)], check=True)


def test_the_app_shows_predicts_and_says_what_cannot_be_stored(server: Server) -> None:
    open_every_page(server)
    runs = list_runs(workspace_of("local", server.home))
    with Visitor(server.url) as visitor:
        visitor.open("")
        visitor.click("Try it now")
        assert_readable(visitor)
        assert FORBIDDEN in visitor.text()
        if not runs:
            return
        visitor.open("evaluate")
        visitor.choose("Evaluated on", "Test")
        assert_readable(visitor)
        assert f"This view of the test results {FORBIDDEN}" in visitor.text()
        visitor.open("predict")
        visitor.fill("Text", "the new pills make me dizzy every morning")
        visitor.click("Predict")
        assert_readable(visitor)
        assert "Medication Side Effects" in visitor.text()
        visitor.open("models")
        visitor.click("Delete permanently")
        assert_readable(visitor)
        assert "may not write to the folder" in visitor.text()
    assert command_line(server.home, "predict", runs[0].id, "my pills").returncode == 0
    demo = command_line(server.home, "demo")
    assert demo.returncode == 2
    assert FORBIDDEN in demo.stderr
