"""Idle workspaces of visitors are deleted after the stated days, and never early, whatever the clock and the host do."""

import subprocess
import sys
import time
from pathlib import Path

import pytest

from core import audit
from core.hosting.idle import due_workspaces, idle_days, list_visitors, purge, record_use
from core.jobs import process
from core.workspace import Workspace, workspace_of

DAY = 24 * 3600.0


class Clock:
    """A clock that the test sets."""

    def __init__(self) -> None:
        self.now = 1_800_000_000.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    """The clock, on a host that states three days."""
    clock = Clock()
    monkeypatch.setattr(time, "time", clock)
    monkeypatch.setenv("STUDIO_MAX_IDLE_DAYS", "3")
    return clock


@pytest.fixture
def visitor(workspace: Workspace) -> Workspace:
    """A visitor's workspace with a file, beside that of the owner."""
    workspace.datasets.mkdir(parents=True)
    mine = workspace_of("visitor-" + "a" * 32)
    mine.datasets.mkdir(parents=True)
    (mine.datasets / "file").write_text("text")
    return mine


def pass_days(home: Path, clock: Clock, days: int) -> int:
    """Let days pass with a purge every six hours; returns how many workspaces were deleted."""
    deleted = 0
    for _ in range(4 * days):
        clock.now += DAY / 4
        deleted += len(purge(home))
    return deleted


def test_an_idle_workspace_goes_after_the_stated_days_and_not_before(visitor: Workspace, clock: Clock) -> None:
    assert purge(visitor.home) == []
    assert pass_days(visitor.home, clock, 2) == 0
    assert idle_days(visitor) == 3
    assert due_workspaces(visitor.home) == []
    assert pass_days(visitor.home, clock, 1) == 1
    assert not visitor.root.exists()
    assert workspace_of("local").datasets.is_dir()
    (entry,) = audit.latest_entries(visitor.home, 5)
    assert (entry.actor, entry.action) == (audit.HOST, "purged")
    assert entry.subject.startswith("visitor aaaaaaaa")


def test_a_visit_starts_the_count_again(visitor: Workspace, clock: Clock) -> None:
    pass_days(visitor.home, clock, 3)
    assert record_use(visitor) == 3
    assert record_use(visitor) == 0
    assert pass_days(visitor.home, clock, 3) == 0
    assert visitor.root.exists()


def test_a_clock_that_jumps_and_a_host_that_was_off_delete_nothing(visitor: Workspace, clock: Clock) -> None:
    purge(visitor.home)
    for jump in (1_000 * DAY, -2_000 * DAY):
        clock.now += jump
        assert purge(visitor.home) == []
    assert idle_days(visitor) == 3


def test_a_job_that_runs_counts_as_use(visitor: Workspace, clock: Clock) -> None:
    folder = visitor.runs / "a-run"
    folder.mkdir(parents=True)
    job = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(600)", str(folder)])
    process.write_status(folder, "running", pid=job.pid)
    try:
        assert pass_days(visitor.home, clock, 5) == 0
        assert idle_days(visitor) == 0
    finally:
        job.kill()
        job.wait()
    assert pass_days(visitor.home, clock, 4) == 1


@pytest.mark.parametrize("content", ["", "damaged", '{"format_version": 2, "days": "9"}', '{"format_version": 99}'])
def test_a_damaged_count_deletes_nothing(visitor: Workspace, clock: Clock, content: str) -> None:
    (visitor.root / ".idle.json").write_text(content)
    (visitor.home / "purge.json").write_text(content)
    assert purge(visitor.home) == []
    assert visitor.root.exists()


def test_without_a_limit_nothing_is_counted(visitor: Workspace, clock: Clock, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("STUDIO_MAX_IDLE_DAYS", "0")
    assert pass_days(visitor.home, clock, 5) == 0
    assert idle_days(visitor) == 0


def test_a_deletion_that_was_killed_is_finished(visitor: Workspace, clock: Clock) -> None:
    left = visitor.root.with_name(f".{visitor.root.name}.deleted")
    left.mkdir()
    purge(visitor.home)
    assert not left.exists()
    assert list_visitors(visitor.home) == [visitor]
