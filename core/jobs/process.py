"""Start a job as a process of its own, see whether it lives, stop it.

The process outlives the page and the server. It is told apart from another that happens to have its number by the name of the
job's folder on its command line, so nothing has to be locked, and a killed one is seen as dead at once.
"""

import os
import platform
import signal
import subprocess
import sys
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Literal, get_args

import psutil

from core import host
from core.workspace import read_json, write_json

State = Literal["queued", "running", "finished", "stopped", "failed", "died"]
LOG = "log.txt"
_STATUS = "status.json"
_PROJECT = Path(__file__).resolve().parents[2]


@dataclass(frozen=True)
class Status:
    """Where a job stands, and on which machine. ``message`` and ``hint`` say what went wrong; ``died`` is a live state whose
    process is gone."""

    state: State
    message: str = ""
    hint: str = ""
    pid: int = 0
    time: str = ""
    host: str = ""

    @property
    def active(self) -> bool:
        """Whether the job waits or works."""
        return self.state in ("queued", "running")


def start(*folders: Path, command: str = "run") -> None:
    """Run ``python -m core <command> <folders>`` detached from this process; its output goes to log.txt in the first folder."""
    for folder in folders:
        write_status(folder, "queued", pid=0)
    threads = str(host.cores())
    environment = os.environ | {
        "OMP_NUM_THREADS": threads,
        "TOKENIZERS_PARALLELISM": "true",
        "PYTHONUNBUFFERED": "1",
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


# Kept so that a finished child can be polled: until then it is a zombie.
_children: dict[int, subprocess.Popen[bytes]] = {}


def write_status(folder: Path, state: State, message: str = "", hint: str = "", pid: int | None = None) -> None:
    """Record where the job stands, in place of what was recorded before; ``pid`` is this process unless given."""
    record = {"state": state, "message": message, "hint": hint, "pid": os.getpid() if pid is None else pid}
    record["host"] = platform.node()
    write_json(folder / _STATUS, record | {"time": datetime.now(UTC).isoformat(timespec="seconds")})


def read_status(folder: Path) -> Status:
    """Where the job stands now; a job that should live but whose process is gone has ``died``."""
    path = folder / _STATUS
    if not path.exists():
        return Status("died", "The job was never started.", "Start it again.")
    for child in list(_children.values()):
        child.poll()
    status = Status(**read_json(path))
    assert status.state in get_args(State)
    here = status.host in (
        "",
        platform.node(),
    )  # of a folder that several machines share only the own process can be seen
    if status.active and status.pid and here and not (_is_child(status.pid) or lives(status.pid, folder.name)):
        later = Status(**read_json(path))  # it may have finished between the two looks
        if later.active:
            return Status(
                "died",
                "The process ended without a word: killed, out of memory, or the machine was restarted.",
                log_tail(folder),
                status.pid,
            )
        return later
    return status


def _is_child(pid: int) -> bool:
    """Whether this process started that one and it runs; a moment after its start its command line may still be empty."""
    return pid in _children and _children[pid].poll() is None


def lives(pid: int, name: str) -> bool:
    """Whether process ``pid`` runs and has a path ending in ``name`` on its command line."""
    try:
        process = psutil.Process(pid)
        return process.status() != psutil.STATUS_ZOMBIE and any(Path(part).name == name for part in process.cmdline())
    except psutil.Error:
        return False


def stop(folder: Path) -> None:
    """Ask the job to end in good order: a training keeps its best checkpoint. One whose process has others to do is skipped."""
    status = read_status(folder)
    if status.state == "queued" and status.pid and not _is_alone(status.pid, folder):
        write_status(folder, "stopped", "Stopped before it began.", "Start it again when you like.", status.pid)
    else:
        _signal(folder, signal.SIGTERM)


def _is_alone(pid: int, folder: Path) -> bool:
    """Whether the process does this job and no other."""
    try:
        parts = [Path(part) for part in psutil.Process(pid).cmdline()]
    except psutil.Error:
        return True
    return sum(part.parent == folder.parent for part in parts) <= 1


def kill(folder: Path) -> None:
    """End the job at once."""
    _signal(folder, signal.SIGTERM if sys.platform == "win32" else signal.SIGKILL)


def _signal(folder: Path, number: signal.Signals) -> None:
    status = read_status(folder)
    if status.active and status.pid:
        os.kill(status.pid, number)


def log_tail(folder: Path, lines: int = 3) -> str:
    """The last lines that are not empty of the job's log."""
    log = folder / LOG
    if not log.exists():
        return ""
    said = [line for line in log.read_text(encoding="utf-8", errors="replace").splitlines() if line.strip()]
    return "Its last words: " + " / ".join(said[-lines:]) if said else ""
