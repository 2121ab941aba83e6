"""The tickets of the host's queue: a JSON file for each job that waits or runs, in ``<home>/queue``.

A job that waits needs no process, only its ticket. Whoever changes tickets holds the lock of the queue.
"""

import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass, replace
from pathlib import Path

from filelock import FileLock

from core.errors import StorageError, storing
from core.jobs.process import is_running
from core.storage import parse_record, read_record, write_record


@dataclass(frozen=True)
class Ticket:
    """A job: the name of its folder, the process that waits or runs (0 for none yet), the folder, and its command.

    Jobs of a ``group`` were started together by the ``visitor``. Jobs are served by ``round``: see :func:`add`.
    """

    job: str
    pid: int = 0
    folder: str = ""
    command: str = "run"
    visitor: str = ""
    group: str = ""
    round: int = 0
    has_turn: bool = False


@dataclass(frozen=True)
class Entry:
    """A ticket and its file."""

    path: Path
    ticket: Ticket

    @property
    def folder(self) -> Path:
        """The folder of the job."""
        return Path(self.ticket.folder or self.ticket.job)

    @property
    def order(self) -> tuple[bool, int, str]:
        """Jobs with a turn come first, then those that wait, in the order in which they get one."""
        return (not self.ticket.has_turn, self.ticket.round, self.path.name)

    @property
    def is_live(self) -> bool:
        """Whether the job still waits or runs: its process is alive, or it has none yet and its folder is there."""
        if self.ticket.pid:
            return is_running(self.ticket.pid, self.ticket.job)
        return self.folder.is_dir()

    def is_of(self, folder: Path) -> bool:
        """Whether this is the ticket of a job's folder."""
        # The tickets of version 0.2 have the name of the folder only.
        return self.ticket.folder == str(folder.resolve()) or (
            not self.ticket.folder and self.ticket.job == folder.name
        )

    def change(self, **values: object) -> "Entry":
        """The entry with other values, which are stored."""
        changed = replace(self, ticket=replace(self.ticket, **values))  # type: ignore[arg-type]
        write_record(self.path, asdict(changed.ticket))
        return changed

    def remove(self) -> None:
        """Take the job out of the queue."""
        self.path.unlink(missing_ok=True)


@contextmanager
def locked(home: Path) -> Iterator[None]:
    """Hold the lock of the queue. It ends with the process that holds it, even when that is killed.

    Raises:
        StorageError: the folder of the queue cannot be written.
    """
    queue = home / "queue"
    with storing("The queue of jobs"):
        queue.mkdir(parents=True, exist_ok=True)
        lock = FileLock(queue / "lock")
        lock.acquire()
    try:
        yield
    finally:
        lock.release()


def paths(home: Path) -> list[Path]:
    """The files of all tickets, the oldest first."""
    return sorted(path for path in (home / "queue").glob("*.json") if path.stem.isdecimal())


def read_all(home: Path) -> list[Entry]:
    """The tickets that can be read, in the order of their turns. Damaged ones are skipped."""
    entries = []
    for path in paths(home):
        try:
            entries.append(Entry(path, parse_record(Ticket, read_record(path), path)))
        except StorageError:
            continue
    return sorted(entries, key=lambda entry: entry.order)


def clean(home: Path, keep: Path | None = None) -> list[Entry]:
    """The live tickets in the order of their turns. Damaged ones and those of dead processes are removed, except ``keep``."""
    entries = read_all(home)
    readable = {entry.path for entry in entries}
    for path in paths(home):
        if path not in readable:
            path.unlink(missing_ok=True)
    live = []
    for entry in entries:
        if entry.path == keep or entry.is_live:
            live.append(entry)
        else:
            entry.remove()
    return live


def add(home: Path, ticket: Ticket) -> Entry:
    """A new entry with a ticket that is stored at the end of the queue, in the next round of its visitor.

    Rounds are those of start-time fair queueing (Goyal et al. 1996): a visitor's jobs are in successive rounds, and whoever
    has none yet begins in the present one. So each visitor gets a turn before another gets a second one.
    """
    live = read_all(home)
    present = min((entry.ticket.round for entry in live), default=0)
    last = max((entry.ticket.round for entry in live if entry.ticket.visitor == ticket.visitor), default=present - 1)
    # A number larger than all others, whatever the clock says.
    number = max(time.time_ns(), 1 + max((int(path.stem) for path in paths(home)), default=0))
    path = home / "queue" / f"{number:020d}.json"
    ticket = replace(ticket, round=max(present, last + 1))
    write_record(path, asdict(ticket))
    return Entry(path, ticket)
