"""The host's queue: one job at a time. Each job takes a numbered ticket and waits for the jobs with smaller numbers."""

import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import asdict, dataclass
from pathlib import Path

from filelock import FileLock

from core.errors import StorageError
from core.jobs.process import has_argument
from core.storage import parse_record, read_record, write_record

_POLL_SECONDS = 0.5


@dataclass(frozen=True)
class _Ticket:
    """The process that waits or runs, and the name of its job's folder."""

    pid: int
    job: str


@contextmanager
def wait_turn(home: Path, job: Path, pid: int) -> Iterator[None]:
    """Wait for this job's turn, hold the turn while the body runs, then let the next job go."""
    path = take_ticket(home, job, pid)
    try:
        while _count_ahead(path):
            time.sleep(_POLL_SECONDS)
        yield
    finally:
        path.unlink(missing_ok=True)


def jobs_ahead(home: Path, job: Path) -> int:
    """How many jobs are ahead of a waiting job; 0 if it has no ticket."""
    for path in _ticket_paths(home / "queue"):
        ticket = _read_ticket(path)
        if ticket is not None and ticket.job == job.name:
            return _count_ahead(path)
    return 0


def take_ticket(home: Path, job: Path, pid: int) -> Path:
    """The file of a new ticket at the end of the queue."""
    queue = home / "queue"
    queue.mkdir(parents=True, exist_ok=True)
    # With the lock, a later ticket never gets a smaller number than one that a waiting job has already passed.
    with FileLock(queue / "lock"):
        latest = max((int(path.stem) for path in _ticket_paths(queue)), default=0)
        path = queue / f"{max(time.time_ns(), latest + 1):020d}.json"
        write_record(path, asdict(_Ticket(pid, job.name)))
    return path


def _ticket_paths(queue: Path) -> list[Path]:
    return sorted(path for path in queue.glob("*.json") if path.stem.isdecimal())


def _read_ticket(path: Path) -> _Ticket | None:
    """The ticket in a file. A file that cannot be read is removed, and None returned."""
    try:
        return parse_record(_Ticket, read_record(path), path)
    except StorageError:
        with suppress(OSError):  # another process may have removed it
            path.unlink(missing_ok=True)
        return None


def _count_ahead(path: Path) -> int:
    """The number of tickets of live processes before this one; tickets of dead processes are removed."""
    ahead = 0
    for other in _ticket_paths(path.parent):
        if other.name >= path.name:
            break
        ticket = _read_ticket(other)
        if ticket is None:
            continue
        if has_argument(ticket.pid, ticket.job):
            ahead += 1
        else:
            other.unlink(missing_ok=True)
    return ahead
