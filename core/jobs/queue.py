"""The queue of the host: jobs get a turn when one is free, each visitor in rotation; until then they are tickets on disk.

::

    submit -> a ticket without a process -> dispatch: it is its turn, its process starts -> wait_turn in that process

Any process may dispatch; the lock of the queue decides which does. A process that was started by hand, with ``python -m core
run``, takes a ticket itself and waits in it.
"""

import logging
import secrets
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from core.errors import LimitError, RunError, StudioError
from core.formatting import pluralize
from core.jobs import process, tickets
from core.jobs.tickets import Entry, Ticket
from core.limits import HostLimits, host_limits
from core.workspace import VISITOR_PREFIX, default_home, visitor_of

_POLL_SECONDS = 0.5
_log = logging.getLogger(__name__)


def enqueue(*folders: Path, command: str = "run") -> None:
    """Put jobs that are started together into the queue; :mod:`core.jobs.dispatcher` starts them. Those in it already stay.

    Raises:
        LimitError: the visitor has as many jobs as this host allows, or the queue is full.
        StorageError: the queue cannot be written.
    """
    home, visitor, group = home_of(folders[0]), visitor_of(folders[0]), secrets.token_hex(4)
    with tickets.locked(home):
        live = tickets.clean(home)
        new = [folder for folder in folders if not any(entry.is_of(folder) for entry in live)]
        if not new:
            return
        _check_limits(live, visitor, len(new))
        for folder in new:
            entry = tickets.add(
                home, Ticket(folder.name, 0, str(folder.resolve()), command=command, visitor=visitor, group=group)
            )
            process.write_status(folder, "queued", pid=0, ticket=str(entry.path))


def check_room(folder: Path, jobs: int = 1) -> None:
    """Check that a visitor may start jobs together; ``folder`` is any folder in their workspace.

    Raises:
        LimitError: the visitor has as many jobs as this host allows, or the queue is full.
    """
    live = [entry for entry in tickets.read_all(home_of(folder)) if entry.is_live]
    _check_limits(live, visitor_of(folder), jobs)


def cancel(folder: Path) -> bool:
    """Take a job that has no process yet out of the queue; False if it has one, or is not in the queue."""
    home = home_of(folder)
    with tickets.locked(home):
        entry = _find(tickets.read_all(home), folder)
        if entry is None or entry.ticket.pid:
            return False
        entry.remove()
        process.write_status(folder, "stopped", "Stopped before it started.", "You can start it again at any time.", 0)
    return True


def stop(folder: Path) -> None:
    """Ask a job to end in good order; one that waits leaves the queue. See :func:`core.jobs.process.stop`."""
    if not cancel(folder):
        process.stop(folder)


def position(home: Path, folder: Path) -> int:
    """The position of a job in the queue: 1 for the next one; 0 if it has its turn, or is not in the queue."""
    entries = tickets.read_all(home)
    waiting = [entry for entry in entries if not entry.ticket.has_turn and (entry.is_of(folder) or entry.is_live)]
    return next((number for number, entry in enumerate(waiting, 1) if entry.is_of(folder)), 0)


def dispatch(home: Path, keep: Path | None = None) -> int:
    """Give the free turns to the jobs that are next, and start their processes; returns how many jobs still wait.

    A job that cannot be started, such as on a full disk, keeps waiting, and does not hold up others. ``keep`` is the ticket of
    the calling process, if it has one.

    Raises:
        StorageError: the queue cannot be written.
    """
    process.reap()
    with tickets.locked(home):
        live = tickets.clean(home, keep)
        waiting = [entry for entry in live if not entry.ticket.has_turn]
        free = host_limits(shared=False).jobs_at_once - (len(live) - len(waiting))
        served = 0
        for entry in waiting:
            if served >= free:
                break
            try:
                served += _give_turn(entry)
            except (StudioError, OSError) as error:
                _log.warning("%s cannot be started: %s", entry.ticket.job, error)
    return len(waiting) - served


def claim(home: Path, folder: Path, pid: int) -> Path:
    """The file of the ticket with which a process waits for the turn of a job: that of the job, or a new one.

    Raises:
        RunError: another process runs the job, or waits to.
    """
    with tickets.locked(home):
        entry = _find(tickets.clean(home), folder)
        if entry is None:
            new = Ticket(
                folder.name, pid, str(folder.resolve()), visitor=visitor_of(folder), group=secrets.token_hex(4)
            )
            return tickets.add(home, new).path
        if entry.ticket.pid not in (0, pid):
            raise RunError("This job is running already, in another process.", "Wait until it has ended.")
        return entry.change(pid=pid).path


@contextmanager
def wait_turn(home: Path, folder: Path, pid: int) -> Iterator[None]:
    """Wait until a job has its turn, hold the turn while the body runs, then let the next job go.

    Raises:
        RunError: another process runs the job, or waits to.
    """
    path = claim(home, folder, pid)
    try:
        while True:
            if not path.exists():  # somebody emptied the queue
                path = claim(home, folder, pid)
            dispatch(home, keep=path)
            if _has_turn(path):
                break
            time.sleep(_POLL_SECONDS)
        yield
    finally:
        path.unlink(missing_ok=True)


def home_of(folder: Path) -> Path:
    """The home folder in which the folder of a job is; the default one for a workspace elsewhere."""
    shared = ("workspaces", "measurements")
    return next((parent.parent for parent in folder.resolve().parents if parent.name in shared), default_home())


def _give_turn(entry: Entry) -> bool:
    """Give a job its turn, and start its process if it has none; False if it does not wait any more."""
    if entry.ticket.pid:
        entry.change(has_turn=True)
        return True
    status = process.read_status(entry.folder)
    if status.state != "queued":
        entry.remove()
        return False
    # There is a process already if it could not be written into the ticket, or whoever started it was killed.
    pid = status.pid or process.start(entry.folder, command=entry.ticket.command)
    entry.change(pid=pid, has_turn=True)
    return True


def _has_turn(path: Path) -> bool:
    return any(entry.path == path and entry.ticket.has_turn for entry in tickets.read_all(path.parent.parent))


def _find(entries: Sequence[Entry], folder: Path) -> Entry | None:
    return next((entry for entry in entries if entry.is_of(folder)), None)


def _check_limits(live: Sequence[Entry], visitor: str, jobs: int) -> None:
    limits: HostLimits = host_limits(shared=visitor.startswith(VISITOR_PREFIX))
    mine = [entry for entry in live if entry.ticket.visitor == visitor]
    groups = {entry.ticket.group or entry.path.name for entry in mine}
    if len(groups) >= limits.jobs_per_visitor:
        running = sum(entry.ticket.has_turn for entry in mine)
        raise LimitError(
            f"You have {pluralize(len(mine), 'job')} already: {running} running and {len(mine) - running} waiting. This host "
            f"takes {limits.jobs_per_visitor} at a time from each visitor.",
            "Wait until one has ended, or stop one on Home or Train.",
        )
    if len(live) + jobs > limits.jobs_in_queue:
        raise LimitError(
            f"The queue of this host is full: {pluralize(len(live), 'job')} of {limits.jobs_in_queue} run or wait.",
            "Try again in a few minutes.",
        )
