"""Read what a stranger sent in a process of its own: this process never decodes it, and nothing that it does can harm this one.

The reading process (:mod:`core.data.reading.child`) has limits on memory and time that depend on the size of the upload. It is
ended when they are exceeded, or when the caller's ``on_wait`` raises because nobody waits for the table any more. One process
is kept ready, because an interpreter needs about a second to start. Small plain CSV is read here: its worst case is measured
in ``tests/data/reading/test_border.py``.
"""

import os
import queue
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import replace
from pathlib import Path
from typing import BinaryIO, TypeVar, cast

import psutil

from core import host
from core.data.budget import Limits
from core.data.reading import files as plain
from core.data.reading import transfer
from core.data.reading.transfer import Message, Preview, Request
from core.data.table import DETECT, ReadOptions, Table
from core.errors import DataError, LimitError
from core.formatting import format_duration, join_names
from core.jobs.events import OnProgress, no_progress

_PROJECT = Path(__file__).resolve().parents[3]
_POLL_SECONDS = 0.2
_START_SECONDS = 60.0
_KEPT_VARIABLES = ("PATH", "LANG", "LC_ALL", "SYSTEMROOT", "TEMP", "TMP", "TMPDIR", "PYTHONPATH")
_SEND_BYTES = 1 << 20
# With these signals the kernel ends a process that has used its CPU time; Windows has neither.
_TIME_SIGNALS = {int(getattr(signal, name)) for name in ("SIGXCPU", "SIGKILL") if hasattr(signal, name)}
T = TypeVar("T")
# Takes what the reading process sends: its stream, the message before the cells, and the limits.
_Receive = Callable[[BinaryIO, Message, Limits], T]


def read_tables(
    files: Mapping[str, bytes | Path],
    options: ReadOptions = DETECT,
    columns_needed: int = 2,
    on_progress: OnProgress = no_progress,
) -> Table:
    """The table in one file or in several, given as bytes or as paths; see :func:`core.data.reading.files.read_files`.

    ``on_progress`` is called several times a second. If it raises, reading ends.

    Raises:
        DataError: a file is missing or cannot be read as a table.
        LimitError: reading it needs more memory, time, rows or bytes than an upload of its size is granted.
    """
    if len(files) == 1:
        [(name, content)] = files.items()
        if isinstance(content, bytes) and plain.is_small_delimited(content, name):
            return plain.read_bytes(content, name, options, columns_needed)
    request = _request("table", files, options, columns_needed)
    return _ask(request, files, transfer.receive_table, on_progress)


def read_pasted(text: str, options: ReadOptions = DETECT, on_progress: OnProgress = no_progress) -> Table:
    """The table in pasted text; see :func:`core.data.reading.files.read_pasted` and :func:`read_tables`."""
    if len(text) < plain.SMALL_BYTES:
        return plain.read_pasted(text, options)
    data = text.encode("utf-8", "replace")
    return read_tables({plain.PASTED: data}, replace(options, encoding="utf-8"), on_progress=on_progress)


def preview_file(name: str, content: bytes | Path, on_progress: OnProgress = no_progress) -> Preview:
    """The first rows of a file of any size, and the number of all its rows; see :func:`read_tables`."""
    request = _request("preview", {name: content}, DETECT, 1)
    return _ask(request, {name: content}, transfer.receive_preview, on_progress)


def warm_up() -> None:
    """Keep a reading process ready from now on. Returns at once."""
    _spare.keep()


def _request(kind: str, files: Mapping[str, bytes | Path], options: ReadOptions, columns_needed: int) -> Request:
    sizes = {name: len(content) for name, content in files.items() if isinstance(content, bytes)}
    paths = {name: content.resolve() for name, content in files.items() if isinstance(content, Path)}
    if missing := [path for path in paths.values() if not path.is_file()]:
        raise DataError(f"There is no file {str(missing[0])!r}.", "Check the path.")
    total = sum(sizes.values()) + sum(path.stat().st_size for path in paths.values())
    texts = {name: str(path) for name, path in paths.items()}
    return Request(kind, sizes, Limits.for_size(total), texts, options, columns_needed)


def _ask(request: Request, files: Mapping[str, bytes | Path], receive: _Receive[T], on_progress: OnProgress) -> T:
    name = join_names(list(files))
    with _slot(on_progress), _spare.take() as process:
        answer = _Answer(process, request, [content for content in files.values() if isinstance(content, bytes)])
        threading.Thread(target=answer.run, args=(receive,), daemon=True).start()
        return cast(T, _wait(answer, process, request.limits, name, on_progress))


@contextmanager
def _slot(on_progress: OnProgress) -> Iterator[None]:
    """The right to read one file; only so many are read at the same time."""
    while not _slots.acquire(timeout=_POLL_SECONDS):
        on_progress(0, 0)
    try:
        yield
    finally:
        _slots.release()


class _Answer:
    """Talks with a reading process in a thread of its own, so that the caller can look up while it waits."""

    def __init__(self, process: subprocess.Popen[bytes], request: Request, contents: list[bytes]) -> None:
        self._process, self._request, self._contents = process, request, contents
        self.results: queue.SimpleQueue[object] = queue.SimpleQueue()
        self.progress = (0, 0)
        self.started: float | None = None

    def run(self, receive: _Receive[object]) -> None:
        """Send the request, and put the table or an error into ``results``; None if the process ended without an answer."""
        try:
            self.results.put(self._talk(receive))
        except Exception as error:  # noqa: BLE001 -- raised again where the answer is awaited
            self.results.put(error)

    def _talk(self, receive: _Receive[object]) -> object:
        source, target = cast(BinaryIO, self._process.stdout), cast(BinaryIO, self._process.stdin)
        transfer.receive(source, Message)  # the process is ready
        self.started = time.monotonic()
        with suppress(OSError):  # the process has ended; its answer says why
            transfer.send(target, self._request)
            for content in self._contents:
                view = memoryview(content)
                for first in range(0, len(view), _SEND_BYTES):
                    target.write(view[first : first + _SEND_BYTES])
            target.flush()
        while message := transfer.receive(source, Message):
            if message.kind == "progress":
                self.progress = (message.done, message.total)
            elif message.kind in ("error", "limit"):
                kind = LimitError if message.kind == "limit" else DataError
                return kind(message.error, message.hint)
            else:
                return receive(source, message, self._request.limits)
        return None


def _wait(
    answer: _Answer, process: subprocess.Popen[bytes], limits: Limits, name: str, on_progress: OnProgress
) -> object:
    """The answer of a reading process, which is watched meanwhile.

    Raises:
        DataError: the file cannot be read, or the process ended without an answer.
        LimitError: a limit is exceeded.
    """
    idle_bytes = _resident_bytes(process)
    asked = time.monotonic()
    while True:
        with suppress(queue.Empty):
            result = answer.results.get(timeout=_POLL_SECONDS)
            break
        on_progress(*answer.progress)
        if answer.started is None:
            idle_bytes = _resident_bytes(process)
        seconds = time.monotonic() - (answer.started or asked)
        if seconds > (limits.seconds if answer.started else _START_SECONDS):
            raise _out_of_time(name, limits)
        if _resident_bytes(process) - idle_bytes > 2 * limits.memory_bytes:  # where the system enforces no limit
            raise _out_of_memory(name)
    if result is None:
        raise _end_error(process, name, limits)
    if isinstance(result, DataError | LimitError):
        raise result
    if isinstance(result, Exception):
        raise DataError(f"{name} cannot be read.", "Save the table as CSV (UTF-8) and upload that file.") from result
    return result


def _resident_bytes(process: subprocess.Popen[bytes]) -> int:
    try:
        return int(psutil.Process(process.pid).memory_info().rss)
    except psutil.Error:
        return 0


def _end_error(process: subprocess.Popen[bytes], name: str, limits: Limits) -> DataError | LimitError:
    """The error for a process that ended without an answer: out of CPU time, or by a fault of a parser."""
    with suppress(subprocess.TimeoutExpired):
        process.wait(_POLL_SECONDS)
    if process.returncode is not None and -process.returncode in _TIME_SIGNALS:
        return _out_of_time(name, limits)
    return DataError(
        f"{name} cannot be read: it is damaged in a way that ended the process which read it.",
        "Save it again, or save the table as CSV (UTF-8).",
    )


def _out_of_time(name: str, limits: Limits) -> LimitError:
    return LimitError(
        f"{name} was not read within {format_duration(limits.seconds)}, the limit for a file of its size.",
        "Save the table as CSV (UTF-8), or upload a smaller part of it.",
    )


def _out_of_memory(name: str) -> LimitError:
    return LimitError(f"{name} needs more memory than is allowed.", "Upload a smaller part of it, or save it as CSV.")


class _Spare:
    """A reading process that has started and waits for its request."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._process: subprocess.Popen[bytes] | None = None
        self._kept = False

    def keep(self) -> None:
        """Start a process now if none is ready, and another one whenever it was taken."""
        with self._lock:
            self._kept = True
            if self._process is None or self._process.poll() is not None:
                self._process = _start()

    @contextmanager
    def take(self) -> Iterator[subprocess.Popen[bytes]]:
        """A process for one request; it is ended afterwards, and another one is started for the next request."""
        with self._lock:
            process, self._process = self._process, None
        if process is None or process.poll() is not None:
            process = _start()
        try:
            yield process
        finally:
            process.kill()
            process.wait()
            for stream in (process.stdin, process.stdout):
                with suppress(OSError, ValueError):
                    cast(BinaryIO, stream).close()
            if self._kept:
                self.keep()


def _start() -> subprocess.Popen[bytes]:
    environment = {name: os.environ[name] for name in _KEPT_VARIABLES if name in os.environ}
    environment |= {"OPENBLAS_NUM_THREADS": "1", "OMP_NUM_THREADS": "1", "ARROW_DEFAULT_MEMORY_POOL": "system"}
    return subprocess.Popen(
        [sys.executable, "-m", "core.data.reading.child"],
        cwd=_PROJECT,
        env=environment,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
    )


_spare = _Spare()
# So many files are read at the same time; others wait.
_slots = threading.BoundedSemaphore(max(2, host.cores()))
