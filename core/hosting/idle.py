"""Workspaces that nobody uses: counted in days on shared hosts, and deleted after the days that the host states.

::

    <workspace>/.idle.json   the days without use so far; there is none in a workspace that was used since the last count
    <home>/purge.json        when the days were last counted

A day is counted while a server runs, once in 24 hours, so that neither a clock that jumps nor a host that was off for a month
deletes anything early. A visit of its owner, a job that runs and a visit to one of its published models count as use. The
workspace of the owner of the machine is never counted.
"""

import shutil
import time
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from filelock import FileLock

from core import audit
from core.errors import StorageError, StudioError
from core.hosting.contents import active_jobs
from core.hosting.deletion import delete_workspace
from core.limits import host_limits
from core.storage import read_record, write_record
from core.workspace import VISITOR_PREFIX, Workspace

_IDLE, _COUNTED, _LOCK = ".idle.json", "purge.json", "purge.lock"
_DAY_SECONDS = 24 * 3600.0
_MAX_DAYS = 100_000


@dataclass(frozen=True)
class IdleWorkspace:
    """A visitor's workspace and the days that it has not been used."""

    workspace: Workspace
    days: int


def record_use(workspace: Workspace) -> int:
    """Record that a workspace is used; returns the days that it was not used before."""
    days = idle_days(workspace)
    with suppress(OSError):
        (workspace.root / _IDLE).unlink(missing_ok=True)
    return days


def idle_days(workspace: Workspace) -> int:
    """The days that a workspace has not been used."""
    path = workspace.root / _IDLE
    if not path.exists():
        return 0
    with suppress(StorageError):
        days = read_record(path).get("days")
        if isinstance(days, int) and 0 <= days <= _MAX_DAYS:
            return days
    return 0


def list_visitors(home: Path) -> list[Workspace]:
    """The workspaces of all visitors."""
    folders = sorted((home / "workspaces").glob(f"{VISITOR_PREFIX}*"))
    return [Workspace(folder, home) for folder in folders if folder.is_dir() and not folder.is_symlink()]


def due_workspaces(home: Path) -> list[IdleWorkspace]:
    """The workspaces that the next purge deletes: unused for longer than the host states, and without an active job."""
    limit = host_limits(shared=True).idle_days
    counted = [IdleWorkspace(workspace, idle_days(workspace)) for workspace in list_visitors(home)]
    return [item for item in counted if 0 < limit < item.days and not active_jobs(item.workspace)]


def purge(home: Path, actor: str = audit.HOST) -> list[IdleWorkspace]:
    """Count a day if the last count was a day ago, then delete the workspaces that are due; returns those.

    Of several servers with one home, one at a time does this.
    """
    if not (home / "workspaces").is_dir() or host_limits(shared=True).idle_days == 0:
        return []
    with FileLock(home / _LOCK):
        _finish_deletions(home)
        if _is_day_over(home):
            _count_day(home)
        return [item for item in due_workspaces(home) if _delete(item, actor)]


def _is_day_over(home: Path) -> bool:
    # A clock that was set back counts as well: otherwise no day would be over for as long as it was ahead.
    try:
        counted = float(read_record(home / _COUNTED)["time"])
    except (StorageError, KeyError, TypeError, ValueError):
        return True
    return abs(time.time() - counted) >= _DAY_SECONDS


def _count_day(home: Path) -> None:
    write_record(home / _COUNTED, {"time": time.time()})
    for workspace in list_visitors(home):
        if active_jobs(workspace):
            record_use(workspace)
        else:
            with suppress(StudioError):
                write_record(workspace.root / _IDLE, {"days": idle_days(workspace) + 1})


def _delete(item: IdleWorkspace, actor: str) -> bool:
    if not (item.workspace.root / _IDLE).exists():  # its owner has come back meanwhile
        return False
    with suppress(StudioError, OSError):
        delete_workspace(item.workspace, actor, "purged")
        return True
    return False


def _finish_deletions(home: Path) -> None:
    """Remove what is left of deletions that were killed."""
    for folder in (home / "workspaces").glob(f".{VISITOR_PREFIX}*.deleted"):
        shutil.rmtree(folder, ignore_errors=True)
