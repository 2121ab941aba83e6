"""Starts a job in a process of its own, reads its status, and stops it.

The process outlives the page and the server. It is identified by its number together with the name of the job's folder on
its command line, so nothing has to be locked and a killed process is noticed at once.
"""

import os
import platform
import signal
import subprocess
import sys
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Literal

import psutil

from core import host, hub
from core.errors import StorageError
from core.limits import host_limits
from core.storage import parse_record, read_record, write_record
from core.workspace import belongs_to_visitor

State = Literal["queued", "running", "finished", "stopped", "failed", "died"]
STATUS = "status.json"
LOG = "log.txt"
_PROJECT = Path(__file__).resolve().parents[2]
# Set by torchrun for a process that must not pass them on to a job that it starts.
_DISTRIBUTED = frozenset(
    ("RANK", "LOCAL_RANK", "GROUP_RANK", "ROLE_RANK", "WORLD_SIZE", "LOCAL_WORLD_SIZE", "MASTER_ADDR", "MASTER_PORT")
)
# Kept so that a finished child can be polled: until then it is a zombie.
_children: dict[int, subprocess.Popen[bytes]] = {}


@dataclass(frozen=True)
class Status:
    """The state of a job, the process and machine it runs on, and what went wrong in ``message`` and ``hint``.

    A queued job without a process has a ``ticket``, a file. A job is ``died`` when it should be queued or running but its process
    or its ticket is gone.
    """

    state: State
    message: str = ""
    hint: str = ""
    pid: int = 0
    time: str = ""
    host: str = ""
    ticket: str = ""

    @property
    def active(self) -> bool:
        """Whether the job is queued or running."""
        return self.state in ("queued", "running")


def start(folder: Path, command: str = "run") -> int:
    """Run ``python -m core <command> <folder>`` detached from this process; its output goes to the job's log. Returns its number.

    Raises:
        StorageError: the status cannot be written, such as on a full disk. No process was started then.
        OSError: the process cannot be started.
    """
    write_status(folder, "queued", pid=0)
    environment = {name: value for name, value in os.environ.items() if name not in _DISTRIBUTED}
    cores = str(max(1, host.cores() // host_limits(shared=False).jobs_at_once))
    environment |= {
        host.CORES_VARIABLE: cores,
        "OMP_NUM_THREADS": cores,
        "TOKENIZERS_PARALLELISM": "true",
        "PYTHONUNBUFFERED": "1",
        **hub.child_environment(belongs_to_visitor(folder)),
    }
    detached: dict[str, Any] = {"start_new_session": True}
    if sys.platform == "win32":
        detached = {"creationflags": subprocess.CREATE_NEW_PROCESS_GROUP}
    with (folder / LOG).open("ab") as log:
        process = subprocess.Popen(
            [sys.executable, "-m", "core", command, str(folder)],
            cwd=_PROJECT,
            env=environment,
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=subprocess.STDOUT,
            **detached,
        )
    _children[process.pid] = process
    if read_status(folder).pid == 0:
        write_status(folder, "queued", pid=process.pid)
    return process.pid


def reap() -> None:
    """Let the operating system forget the children of this process that have ended: until then they are zombies."""
    for pid, child in list(_children.items()):
        if child.poll() is not None:
            _children.pop(pid, None)


def write_status(
    folder: Path, state: State, message: str = "", hint: str = "", pid: int | None = None, ticket: str = ""
) -> None:
    """Replace the status of the job; ``pid`` defaults to this process, and ``ticket`` is the file of a job without one."""
    record = {
        "state": state,
        "message": message,
        "hint": hint,
        "pid": os.getpid() if pid is None else pid,
        "host": platform.node(),
        "time": datetime.now(UTC).isoformat(timespec="seconds"),
        "ticket": ticket,
    }
    write_record(folder / STATUS, record)


def read_status(folder: Path) -> Status:
    """The status of the job in a folder: ``died`` if its process is gone, ``failed`` if status.json is damaged."""
    if not (folder / STATUS).exists():
        return Status("died", "The job was never started.", "Start it again.")
    reap()
    status = _stored_status(folder)
    if not _is_lost(status, folder):
        return status
    status = _stored_status(folder)  # the job may have gone on between reading the file and looking for the process
    if not _is_lost(status, folder):
        return status
    if status.pid == 0:
        return Status("died", "The job lost its place in the queue.", "Start it again.")
    return Status(
        "died",
        "The process ended without an error message: it was killed, ran out of memory, or the machine restarted.",
        log_tail(folder),
        status.pid,
    )


def _stored_status(folder: Path) -> Status:
    path = folder / STATUS
    try:
        return parse_record(Status, read_record(path), path)
    except StorageError as error:
        return Status("failed", error.message, "Start it again, or delete it.")


def _is_lost(status: Status, folder: Path) -> bool:
    """Whether a job that should be queued or running has no process, nor a ticket with which it waits for one."""
    if not status.active:
        return False
    if status.pid == 0:
        return bool(status.ticket) and not Path(status.ticket).exists()
    # When several machines share the folder, only processes of this machine can be looked up.
    return status.host in ("", platform.node()) and not is_running(status.pid, folder.name)


def is_running(pid: int, job: str) -> bool:
    """Whether the process runs the job. A child counts at once: just after its start its command line may still be empty."""
    child = _children.get(pid)
    return (child is not None and child.poll() is None) or has_argument(pid, job)


def has_argument(pid: int, name: str) -> bool:
    """Whether process ``pid`` is alive and has a path ending in ``name`` on its command line."""
    try:
        process = psutil.Process(pid)
        return process.status() != psutil.STATUS_ZOMBIE and any(Path(part).name == name for part in process.cmdline())
    except (psutil.Error, ValueError, OverflowError):  # the last two: a number from a damaged file
        return False


def stop(folder: Path) -> None:
    """Ask the job to end in good order: a training keeps its best checkpoint. A queued job is marked as stopped.

    The process of a queued job that has other jobs too skips it.
    """
    status = read_status(folder)
    if status.state != "queued" or _is_only_job(status.pid, folder):
        _signal(folder, signal.SIGTERM)
    if status.state == "queued":
        write_status(folder, "stopped", "Stopped before it started.", "You can start it again at any time.", status.pid)


def _is_only_job(pid: int, folder: Path) -> bool:
    """Whether the process runs this job and no other."""
    try:
        arguments = [Path(argument) for argument in psutil.Process(pid).cmdline()]
    except psutil.Error:
        return True
    return sum(argument.parent == folder.parent for argument in arguments) <= 1


def kill(folder: Path) -> None:
    """End the job at once."""
    _signal(folder, signal.SIGTERM if sys.platform == "win32" else signal.SIGKILL)


def _signal(folder: Path, number: signal.Signals) -> None:
    status = read_status(folder)
    if status.active and status.pid and is_running(status.pid, folder.name):
        os.kill(status.pid, number)


def log_tail(folder: Path, lines: int = 3) -> str:
    """The last nonempty lines of the job's log, with a heading; empty without a log."""
    log = folder / LOG
    if not log.is_file():
        return ""
    text = [line for line in log.read_text(encoding="utf-8", errors="replace").splitlines() if line.strip()]
    return "Last log lines: " + " / ".join(text[-lines:]) if text else ""
