"""Read uploaded files in a process of their own, so that a damaged or hostile file cannot harm this process.

The process (:mod:`core.data.reading.sandbox_worker`) has limits on memory and time that depend on the size of the upload. It is
ended when they are exceeded, or when the caller's ``on_progress`` raises because nobody waits for the table any more. Small
delimited text is read in this process: at its worst it takes a fraction of a second and some megabytes.
"""

import os
import queue
import threading
import time
from collections.abc import Callable, Generator, Iterator, Mapping
from contextlib import AbstractContextManager, closing, contextmanager, suppress
from dataclasses import replace
from pathlib import Path
from typing import BinaryIO, TypeVar, cast

from core import host
from core.data.budget import Limits
from core.data.reading import files as plain
from core.data.reading import transfer
from core.data.reading.chunks import Chunk, SourceFile, TableStream
from core.data.reading.hub import MAX_ROWS, HubDataset
from core.data.reading.sandbox_processes import Reader, new_process, reading_process
from core.data.reading.streaming import stream_table
from core.data.reading.transfer import Message, Preview, Request
from core.data.table import DETECT, NO_ROWS, ReadOptions, Table
from core.errors import DataError, LimitError
from core.formatting import format_duration, join_names
from core.hub import child_environment
from core.jobs.events import OnProgress, no_progress

_POLL_SECONDS = 0.2
_START_SECONDS = 60.0
_SEND_BYTES = 1 << 20
T = TypeVar("T")
_END = object()
_HUB_LIMITS = replace(Limits.for_size(100_000_000), rows=MAX_ROWS, memory_bytes=4_000_000_000, seconds=900.0)
_HUB_VARIABLES = ("HF_", "HUGGING", "HOME", "USERPROFILE", "XDG_", "SSL_", "REQUESTS_", "CURL_")
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
        if (data := _small_delimited(name, content)) is not None:
            return plain.read_bytes(data, name, options, columns_needed)
    request = _request("table", files, options, columns_needed)
    return _ask_once(request, files, transfer.receive_table, on_progress)


def read_pasted(text: str, options: ReadOptions = DETECT, on_progress: OnProgress = no_progress) -> Table:
    """The table in pasted text; see :func:`core.data.reading.files.read_pasted` and :func:`read_tables`."""
    if len(text) < plain.SMALL_BYTES:
        return plain.read_pasted(text, options)
    data = text.encode("utf-8", "replace")
    return read_tables({plain.PASTED: data}, replace(options, encoding="utf-8"), on_progress=on_progress)


def preview_file(
    name: str, content: bytes | Path, options: ReadOptions = DETECT, on_progress: OnProgress = no_progress
) -> Preview:
    """The first rows of a file of any size, and the number of all its rows; see :func:`read_tables`."""
    if (data := _small_delimited(name, content)) is not None:
        stream = stream_table(SourceFile.of_bytes(data, name), options)
        return Preview(stream.head(), stream.rows)
    request = _request("preview", {name: content}, options, 1)
    return _ask_once(request, {name: content}, transfer.receive_preview, on_progress)


def stream_file(
    name: str, content: bytes | Path, options: ReadOptions = DETECT, on_progress: OnProgress = no_progress
) -> TableStream:
    """The rows of a file of any size in chunks, in constant memory; see :func:`read_tables`.

    One process looks through the file, and each iteration over its rows has another one, which waits while nobody takes its
    rows. Iterating raises the same errors.
    """
    if (data := _small_delimited(name, content)) is not None:
        return stream_table(SourceFile.of_bytes(data, name), options, on_progress)
    preview = preview_file(name, content, options, on_progress)

    def read(max_rows: int) -> Iterator[Chunk]:
        request = replace(_request("chunks", {name: content}, options, 1), chunk_rows=max_rows)
        return _ask(request, {name: content}, transfer.receive_chunk, on_progress)

    columns = tuple(str(column) for column in preview.head.frame.columns)
    return TableStream(
        preview.head.name, columns, preview.rows, read, replace(preview.head, frame=NO_ROWS, unreadable=())
    )


def read_hub_dataset(dataset: HubDataset, on_progress: OnProgress = no_progress) -> Table:
    """The table in a dataset of the hub; see :func:`core.data.reading.hub.load_hub_dataset` and :func:`read_tables`."""
    request = Request("hub", {}, _HUB_LIMITS, dataset=dataset)
    return _ask_once(request, {dataset.name: b""}, transfer.receive_table, on_progress)


def _hub_process() -> AbstractContextManager[Reader]:
    """A process that reaches the hub: an interpreter of its own, because the hub's libraries look at the environment."""
    names = [name for name in os.environ if name.startswith(_HUB_VARIABLES) or name.lower().endswith("_proxy")]
    return new_process({name: os.environ[name] for name in names} | child_environment())


def _small_delimited(name: str, content: bytes | Path) -> bytes | None:
    """The bytes of a file that is read in this process; None for any other."""
    if isinstance(content, Path):
        if not content.is_file() or content.stat().st_size > plain.SMALL_BYTES:
            return None
        content = content.read_bytes()
    return content if plain.is_small_delimited(content, name) else None


def _request(kind: str, files: Mapping[str, bytes | Path], options: ReadOptions, columns_needed: int) -> Request:
    sizes = {name: len(content) for name, content in files.items() if isinstance(content, bytes)}
    paths = {name: content.resolve() for name, content in files.items() if isinstance(content, Path)}
    if missing := [path for path in paths.values() if not path.is_file()]:
        raise DataError(f"There is no file {str(missing[0])!r}.", "Check the path.")
    total = sum(sizes.values()) + sum(path.stat().st_size for path in paths.values())
    texts = {name: str(path) for name, path in paths.items()}
    return Request(kind, sizes, Limits.for_size(total), texts, options, columns_needed)


def _ask_once(request: Request, files: Mapping[str, bytes | Path], receive: _Receive[T], on_progress: OnProgress) -> T:
    """The only part of an answer."""
    with closing(_ask(request, files, receive, on_progress)) as parts:
        for part in parts:
            return part
    raise _process_ended(join_names(list(files)))


def _ask(
    request: Request, files: Mapping[str, bytes | Path], receive: _Receive[T], on_progress: OnProgress
) -> Generator[T]:
    """The parts of an answer."""
    try:
        yield from _ask_process(request, files, receive, on_progress)
    except _NotStartedError:  # the interpreter that is forked had just ended
        yield from _ask_process(request, files, receive, on_progress)


def _ask_process(
    request: Request, files: Mapping[str, bytes | Path], receive: _Receive[T], on_progress: OnProgress
) -> Generator[T]:
    name = join_names(list(files))
    process = _hub_process() if request.dataset else reading_process()
    with _slot(on_progress), process as reader:
        contents = [content for content in files.values() if isinstance(content, bytes)]
        with closing(_Answer(reader, request, contents)) as answer:
            threading.Thread(target=answer.run, args=(receive,), daemon=True).start()
            while (part := _wait(answer, request.limits, name, on_progress)) is not _END:
                answer.progress = (0, 0)  # there is none between parts
                yield cast(T, part)


class _NotStartedError(DataError):
    """The reading process ended before it got its request."""


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

    def __init__(self, reader: Reader, request: Request, contents: list[bytes]) -> None:
        self.reader, self._request, self._contents = reader, request, contents
        # So few parts of an answer wait to be taken.
        self.results: queue.Queue[object] = queue.Queue(maxsize=1)
        self._closed = threading.Event()
        self.progress = (0, 0)
        self.started: float | None = None
        self.idle_bytes = 0

    def run(self, receive: _Receive[object]) -> None:
        """Send the request, and put the parts of the answer, then its end into ``results``.

        An error is an end; so is None, if the process ended without an answer.
        """
        try:
            for part in self._talk(receive):
                self._put(part)
        except Exception as error:  # noqa: BLE001 -- raised again where the answer is awaited
            self._put(error)

    def close(self) -> None:
        """Nobody takes the other parts."""
        self._closed.set()

    def _put(self, part: object) -> None:
        while not self._closed.is_set():
            with suppress(queue.Full):
                self.results.put(part, timeout=_POLL_SECONDS)
                return

    def _talk(self, receive: _Receive[object]) -> Iterator[object]:
        source, target = self.reader.source, self.reader.target
        ready = transfer.receive(source, Message)
        if ready is None:
            raise _NotStartedError(
                "The process that reads files could not be started.", "Try again; the host may be out of memory."
            )
        self.reader.identify(int(ready.facts["pid"]))
        self.idle_bytes, self.started = self.reader.resident_bytes(), time.monotonic()
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
                raise (LimitError if message.kind == "limit" else DataError)(message.error, message.hint)
            elif message.kind == "end":
                yield _END
                return
            else:
                yield receive(source, message, self._request.limits)
        yield None


def _wait(answer: _Answer, limits: Limits, name: str, on_progress: OnProgress) -> object:
    """The next part of the answer of a reading process, which is watched meanwhile; ``_END`` after the last one.

    Raises:
        DataError: the file cannot be read, or the process ended without an answer.
        LimitError: a limit is exceeded.
    """
    asked = time.monotonic()
    while True:
        with suppress(queue.Empty):
            result = answer.results.get(timeout=_POLL_SECONDS)
            break
        on_progress(*answer.progress)
        seconds = time.monotonic() - max(asked, answer.started or asked)
        if seconds > (limits.seconds if answer.started else _START_SECONDS):
            raise _out_of_time(name, limits)
        if answer.reader.resident_bytes() - answer.idle_bytes > 2 * limits.memory_bytes:
            raise _out_of_memory(name)  # on systems that enforce no limit
    if isinstance(result, DataError | LimitError):
        raise result
    if result is None and answer.started and time.monotonic() - answer.started > limits.cpu_seconds:
        raise _out_of_time(name, limits)
    if result is None or isinstance(result, Exception):
        raise _process_ended(name) from (result if isinstance(result, Exception) else None)
    return result


def _process_ended(name: str) -> DataError:
    return DataError(
        f"{name} cannot be read: it is damaged in a way that ended the process which read it.",
        "Save it again, or save the table as CSV (UTF-8).",
    )


def _out_of_time(name: str, limits: Limits) -> LimitError:
    return LimitError(
        f"{name} was not read within {format_duration(limits.cpu_seconds)}, the limit for a file of its size.",
        "Save the table as CSV (UTF-8), or upload a smaller part of it.",
    )


def _out_of_memory(name: str) -> LimitError:
    return LimitError(f"{name} needs more memory than is allowed.", "Upload a smaller part of it, or save it as CSV.")


# So many files are read at the same time; others wait.
_slots = threading.BoundedSemaphore(max(2, host.cores()))
