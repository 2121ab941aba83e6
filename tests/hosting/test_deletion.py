"""Everything of one visitor ends: jobs, links, files. Nothing of another does."""

import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from core import audit
from core.disk import folder_bytes
from core.errors import RunError
from core.hosting import deletion
from core.hosting.contents import active_jobs, measure_contents
from core.hosting.deletion import delete_workspace
from core.jobs import process
from core.publishing.publication import PublicTexts, open_link, publish
from core.workspace import Workspace, workspace_of
from tests.finished import finished

SLEEP = "import time; time.sleep(600)"


@pytest.fixture
def mine(workspace: Workspace) -> Workspace:
    """The workspace of a visitor with a dataset and a finished run."""
    visitor = workspace_of("visitor-" + "a" * 32)
    finished(visitor, "binary")
    return visitor


@pytest.fixture
def start_job() -> Iterator[list[subprocess.Popen[bytes]]]:
    """Processes that are ended after the test."""
    started: list[subprocess.Popen[bytes]] = []
    yield started
    for job in started:
        job.kill()
        job.wait()


def running(folder: Path, started: list[subprocess.Popen[bytes]]) -> subprocess.Popen[bytes]:
    """A process that runs the job of a folder."""
    folder.mkdir(parents=True)
    job = subprocess.Popen([sys.executable, "-c", SLEEP, str(folder)])
    started.append(job)
    process.write_status(folder, "running", pid=job.pid)
    return job


def test_everything_of_one_visitor_goes_and_nothing_of_another(
    mine: Workspace, start_job: list[subprocess.Popen[bytes]]
) -> None:
    other = workspace_of("visitor-" + "b" * 32)
    run = finished(other, "binary")
    published = publish(run, PublicTexts("Theirs"))
    others_job = running(other.runs / "a-run", start_job)
    my_job = running(mine.runs / "a-run", start_job)
    (mine.runs / "queued").mkdir()
    process.write_status(mine.runs / "queued", "queued", pid=0)
    assert set(active_jobs(mine)) == {mine.runs / "a-run", mine.runs / "queued"}
    contents = delete_workspace(mine, "visitor aaaaaaaa")
    assert (contents.counts["datasets"], contents.counts["runs"], len(contents.active_jobs)) == (1, 3, 2)
    assert my_job.wait(timeout=10) != 0
    assert others_job.poll() is None
    assert [path.name for path in mine.root.parent.iterdir()] == [other.root.name]
    assert open_link(mine.home, published.id)[0] == run


def test_links_end_even_those_of_damaged_runs(mine: Workspace) -> None:
    run = finished(mine, "binary", "Another")
    published = publish(run, PublicTexts("Mine"))
    (run.folder / "run.json").write_text("damaged")
    assert measure_contents(mine).published == 1
    delete_workspace(mine, "visitor aaaaaaaa")
    with pytest.raises(RunError, match="no longer published"):
        open_link(mine.home, published.id)
    assert list((mine.home / "published").iterdir()) == []


def test_nothing_is_deleted_while_a_job_does_not_end(mine: Workspace, monkeypatch: pytest.MonkeyPatch) -> None:
    (mine.runs / "elsewhere").mkdir()
    process.write_status(mine.runs / "elsewhere", "running", pid=1)
    status = mine.runs / "elsewhere" / "status.json"
    status.write_text(status.read_text().replace('"host": "', '"host": "another-machine-'))
    monkeypatch.setattr(deletion, "WAIT_SECONDS", 0.2)
    before = folder_bytes(mine.root)
    with pytest.raises(RunError, match="nothing was deleted"):
        delete_workspace(mine, "visitor aaaaaaaa")
    assert folder_bytes(mine.root) == before


def test_a_deletion_is_recorded_without_names(mine: Workspace) -> None:
    size = folder_bytes(mine.root)
    delete_workspace(mine, audit.pseudonym(mine.root.name))
    (entry,) = audit.latest_entries(mine.home, 10)
    assert (entry.actor, entry.action) == ("visitor aaaaaaaa", "deleted")
    assert entry.subject == f"visitor aaaaaaaa: 1 dataset, 1 run and {size / 1e6:.1f} MB"


def test_an_empty_workspace_has_no_contents(workspace: Workspace) -> None:
    contents = measure_contents(workspace)
    assert contents.is_empty
    assert contents.describe() == "0.0 MB"
    delete_workspace(workspace, "local")
    assert not workspace.root.exists()
