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
from core.storage import parse_record, read_record, write_record
from core.workspace import belongs_to_visitor

State = Literal["queued", "running", "finished", "stopped", "failed", "died"]
STATUS = "status.json"
LOG = "log.txt"
_PROJECT = Path(__file__).resolve().parents[2]
# Kept so that a finished child can be polled: until then it is a zombie.
_children: dict[int, subprocess.Popen[bytes]] = {}


@dataclass(frozen=True)
class Status:
    """The state of a job, the process and machine it runs on, and what went wrong in ``message`` and ``hint``.

    A job is ``died`` when it should be queued or running but its process is gone.
    """

    state: State
    message: str = ""
    hint: str = ""
    pid: int = 0
    time: str = ""
    host: str = ""

    @property
    def active(self) -> bool:
        """Whether the job is queued or running."""
        return self.state in ("queued", "running")


def start(*folders: Path, command: str = "run") -> None:
    """Run ``python -m core <command> <folders>`` detached from this process; its output goes to log.txt of the first folder."""
    for folder in folders:
        write_status(folder, "queued", pid=0)
    threads = str(host.cores())
    environment = os.environ | {
        "OMP_NUM_THREADS": threads,
        "TOKENIZERS_PARALLELISM": "true",
        "PYTHONUNBUFFERED": "1",
        **hub.child_environment(belongs_to_visitor(folders[0])),
    }
    detached: dict[str, Any] = {"start_new_session": True}
    if sys.platform == "win32":
        detached = {"creationflags": subprocess.CREATE_NEW_PROCESS_GROUP}
    with (folders[0] / LOG).open("ab") as log:
        process = subprocess.Popen(
            [sys.executable, "-m", "core", command, *map(str, folders)],
            cwd=_PROJECT,
            env=environment,
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=subprocess.STDOUT,
            **detached,
        )
    _children[process.pid] = process
    for folder in folders:
        if read_status(folder).pid == 0:
            write_status(folder, "queued", pid=process.pid)


def write_status(folder: Path, state: State, message: str = "", hint: str = "", pid: int | None = None) -> None:
    """Replace the status of the job; ``pid`` defaults to this process."""
    record = {
        "state": state,
        "message": message,
        "hint": hint,
        "pid": os.getpid() if pid is None else pid,
        "host": platform.node(),
        "time": datetime.now(UTC).isoformat(timespec="seconds"),
    }
    write_record(folder / STATUS, record)


def read_status(folder: Path) -> Status:
    """The status of the job in a folder: ``died`` if its process is gone, ``failed`` if status.json is damaged."""
    if not (folder / STATUS).exists():
        return Status("died", "The job was never started.", "Start it again.")
    for child in list(_children.values()):
        child.poll()
    status = _stored_status(folder)
    if not _lost_its_process(status, folder):
        return status
    status = _stored_status(folder)  # the job may have finished between reading the file and looking for the process
    if not status.active:
        return status
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


def _lost_its_process(status: Status, folder: Path) -> bool:
    # When several machines share the folder, only processes of this machine can be looked up.
    on_this_machine = status.host in ("", platform.node())
    return status.active and status.pid != 0 and on_this_machine and not _is_running(status.pid, folder)


def _is_running(pid: int, folder: Path) -> bool:
    """Whether the process runs the job. A child counts at once: just after its start its command line may still be empty."""
    return (pid in _children and _children[pid].poll() is None) or has_argument(pid, folder.name)


def has_argument(pid: int, name: str) -> bool:
    """Whether process ``pid`` is alive and has a path ending in ``name`` on its command line."""
    try:
        process = psutil.Process(pid)
        return process.status() != psutil.STATUS_ZOMBIE and any(Path(part).name == name for part in process.cmdline())
    except (psutil.Error, ValueError, OverflowError):  # the last two: a number from a damaged file
        return False


def stop(folder: Path) -> None:
    """Ask the job to end in good order: a training keeps its best checkpoint.

    A queued job whose process has other jobs too is marked as stopped and skipped.
    """
    status = read_status(folder)
    if status.state == "queued" and status.pid and not _is_only_job(status.pid, folder):
        write_status(folder, "stopped", "Stopped before it started.", "You can start it again at any time.", status.pid)
    else:
        _signal(folder, signal.SIGTERM)


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
    if status.active and status.pid and _is_running(status.pid, folder):
        os.kill(status.pid, number)


def log_tail(folder: Path, lines: int = 3) -> str:
    """The last nonempty lines of the job's log, with a heading; empty without a log."""
    log = folder / LOG
    if not log.is_file():
        return ""
    text = [line for line in log.read_text(encoding="utf-8", errors="replace").splitlines() if line.strip()]
    return "Last log lines: " + " / ".join(text[-lines:]) if text else ""
