"""Processes that read one upload each: forks of one interpreter that has imported what reading needs.

An interpreter needs a second or more to start, a fork some milliseconds. The interpreter that is forked is a fresh one: it
shares nothing with this process but a socket. Where there is no fork (Windows), each upload gets a new interpreter.
"""

import atexit
import os
import socket
import subprocess
import sys
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import BinaryIO, cast

import psutil

_PROJECT = Path(__file__).resolve().parents[3]
_MODULE = "core.data.reading.sandbox_worker"
_KEPT_VARIABLES = ("PATH", "LANG", "LC_ALL", "SYSTEMROOT", "TEMP", "TMP", "TMPDIR", "PYTHONPATH")
HAS_FORK = hasattr(os, "fork") and hasattr(socket, "send_fds")


@dataclass
class Reader:
    """A reading process: what it sends, what it gets, and the socket of both if there is one."""

    source: BinaryIO
    target: BinaryIO
    connection: socket.socket | None = None
    _process: psutil.Process | None = field(default=None, repr=False)

    def identify(self, pid: int) -> None:
        """Remember the number of the process."""
        with suppress(psutil.Error):
            self._process = psutil.Process(pid)

    def resident_bytes(self) -> int:
        """The memory of the process in bytes; 0 if it has ended."""
        try:
            return int(self._process.memory_info().rss) if self._process else 0
        except psutil.Error:
            return 0

    def end(self) -> None:
        """End the process; no effect on another one that got its number since."""
        if self._process:
            with suppress(psutil.Error):
                self._process.kill()
        if self.connection:
            with suppress(OSError):
                self.connection.shutdown(socket.SHUT_RDWR)  # a thread that still reads from it would wait forever
        for stream in (self.target, self.source, self.connection):
            with suppress(OSError, ValueError):
                if stream:
                    stream.close()


class _ForkServer:
    """The interpreter that is forked for each upload. It ends with this process, or after some idle minutes."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._process: subprocess.Popen[bytes] | None = None
        self._control: socket.socket | None = None

    def start(self) -> None:
        """Start it unless it is running. Returns at once."""
        with self._lock:
            self._running()

    def fork(self) -> Reader:
        """A new process for one upload."""
        ours, theirs = socket.socketpair()
        with self._lock, theirs:
            try:
                socket.send_fds(self._running(), [b"f"], [theirs.fileno()])
            except OSError:  # it has ended just now
                self._process = None
                socket.send_fds(self._running(), [b"f"], [theirs.fileno()])
        return Reader(ours.makefile("rb"), ours.makefile("wb"), ours)

    def stop(self) -> None:
        """End it."""
        with self._lock:
            if self._control is not None:
                self._control.close()
            if self._process is not None:
                self._process.kill()
                self._process.wait()
            self._control = self._process = None

    def _running(self) -> socket.socket:
        if self._control is None or self._process is None or self._process.poll() is not None:
            if self._control is not None:
                self._control.close()
            self._control, theirs = socket.socketpair()
            with theirs:
                arguments = [sys.executable, "-m", _MODULE, str(theirs.fileno())]
                self._process = subprocess.Popen(
                    arguments,
                    cwd=_PROJECT,
                    env=_environment(),
                    stdin=subprocess.DEVNULL,
                    stdout=subprocess.DEVNULL,
                    stderr=subprocess.DEVNULL,
                    pass_fds=[theirs.fileno()],
                )
        return self._control


def warm_up() -> None:
    """Start the interpreter that is forked, so that the first upload does not wait for it. Returns at once."""
    if HAS_FORK:
        _fork_server.start()


@contextmanager
def reading_process() -> Iterator[Reader]:
    """A process for one upload, which is ended afterwards."""
    if HAS_FORK:
        reader = _fork_server.fork()
        try:
            yield reader
        finally:
            reader.end()
        return
    with new_process() as reader:
        yield reader


@contextmanager
def new_process(variables: Mapping[str, str] | None = None) -> Iterator[Reader]:
    """A process for one upload in a new interpreter with more environment variables, which is ended afterwards."""
    with subprocess.Popen(
        [sys.executable, "-m", _MODULE],
        cwd=_PROJECT,
        env=_environment() | dict(variables or {}),
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
    ) as process:
        reader = Reader(cast(BinaryIO, process.stdout), cast(BinaryIO, process.stdin))
        reader.identify(process.pid)
        try:
            yield reader
        finally:
            reader.end()


def _environment() -> dict[str, str]:
    """No secrets, and one thread: a process that starts more cannot be forked safely."""
    kept = {name: os.environ[name] for name in _KEPT_VARIABLES if name in os.environ}
    return kept | {
        "OPENBLAS_NUM_THREADS": "1",
        "OMP_NUM_THREADS": "1",
        "JE_ARROW_MALLOC_CONF": "background_thread:false",
    }


_fork_server = _ForkServer()
atexit.register(_fork_server.stop)
