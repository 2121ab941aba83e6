"""One job at a time on a host: each takes a ticket and works when every earlier ticket's process has gone."""

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from filelock import FileLock

from core.jobs.process import lives
from core.workspace import read_json, write_json

_SECONDS_BETWEEN_LOOKS = 0.5


@contextmanager
def wait_turn(home: Path, job: Path, pid: int, waiting: Callable[[int], None]) -> Iterator[None]:
    """Wait for this job's turn, hold it while the body runs, then let the next one go.

    ``waiting`` is called with the number of jobs ahead, each time it is looked at and not zero.
    """
    ticket = _take(home / "queue", job, pid)
    try:
        while ahead := _ahead(ticket):
            waiting(ahead)
            time.sleep(_SECONDS_BETWEEN_LOOKS)
        yield
    finally:
        ticket.unlink(missing_ok=True)


def jobs_ahead(home: Path, job: Path) -> int:
    """How many jobs a waiting one has before it; 0 if it has no ticket."""
    tickets = [ticket for ticket in _tickets(home / "queue") if read_json(ticket)["job"] == job.name]
    return _ahead(tickets[0]) if tickets else 0


def _take(queue: Path, job: Path, pid: int) -> Path:
    queue.mkdir(parents=True, exist_ok=True)
    # The lock makes "named later" mean "seen later": no ticket can appear in front of one that has been passed.
    with FileLock(queue / "lock"):
        latest = max((int(ticket.stem) for ticket in _tickets(queue)), default=0)
        ticket = queue / f"{max(time.time_ns(), latest + 1):020d}.json"
        write_json(ticket, {"pid": pid, "job": job.name})
    return ticket


def _tickets(queue: Path) -> list[Path]:
    return sorted(queue.glob("[0-9]*.json"))


def _ahead(ticket: Path) -> int:
    """Live tickets before this one; those of dead processes are cleared away."""
    ahead = 0
    for other in _tickets(ticket.parent):
        if other.name >= ticket.name:
            break
        try:
            holder = read_json(other)
        except FileNotFoundError:
            continue
        if lives(holder["pid"], holder["job"]):
            ahead += 1
        else:
            other.unlink(missing_ok=True)
    return ahead
