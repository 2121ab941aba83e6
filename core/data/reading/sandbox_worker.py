"""The process that reads uploaded files: a request and the files come in, progress and the table go out.

Each process answers one request. It limits its own memory and CPU time before it looks at the files, so that a file that
exhausts them ends this process and no other. Given the number of a socket, this module forks one process for each socket that
it receives there; otherwise it answers a request on stdin.
"""

import io
import os
import signal
import socket
import sys
import warnings
from functools import partial
from pathlib import Path
from typing import BinaryIO

from core import host
from core.data.budget import Limits, limited_reading, reading_error
from core.data.reading import transfer
from core.data.reading.chunks import SourceFile
from core.data.reading.files import read_bytes, read_files
from core.data.reading.hub import load_hub_dataset
from core.data.reading.streaming import stream_table
from core.data.reading.transfer import Message, Request
from core.errors import DataError, LimitError

_IDLE_SECONDS = 600.0


def main() -> None:
    """Fork processes that answer, or answer one request."""
    warnings.simplefilter("ignore")
    if len(sys.argv) > 1:
        _serve_forks(socket.socket(fileno=int(sys.argv[1])))
        return
    output = os.fdopen(os.dup(1), "wb")
    os.dup2(2, 1)  # what a library prints is no part of the answer
    answer_request(sys.stdin.buffer, output)


def _serve_forks(control: socket.socket) -> None:
    """Fork a process for each socket that arrives, until the other side has ended or nothing arrives for some minutes."""
    signal.signal(signal.SIGCHLD, signal.SIG_IGN)  # ended processes leave nothing behind
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is for the process that started this one
    control.settimeout(_IDLE_SECONDS)
    _rehearse()
    while True:
        try:
            received, descriptors, _, _ = socket.recv_fds(control, 1, 1)
        except TimeoutError:
            return
        if not received:
            return
        for descriptor in descriptors:
            with socket.socket(fileno=descriptor) as connection:
                if os.fork() == 0:
                    control.close()
                    _answer_and_exit(connection)


def _rehearse() -> None:
    """Read a small table, so that what the first reading has to load is there in each fork."""
    data = b"text,label\na,b\n"
    source = io.BytesIO()
    transfer.send(source, Request("table", {"a.csv": len(data)}, Limits.for_size(len(data))))
    source.write(data)
    source.seek(0)
    _answer(transfer.receive(source, Request), source, io.BytesIO())


def _answer_and_exit(connection: socket.socket) -> None:
    code = 1
    try:
        with connection.makefile("rb") as source, connection.makefile("wb") as target:
            answer_request(source, target)
        code = 0
    finally:
        os._exit(code)


def answer_request(source: BinaryIO, target: BinaryIO) -> None:
    """Answer the request that comes in."""
    transfer.send(target, Message("ready", facts={"pid": os.getpid()}))
    request: Request | None = transfer.receive(source, Request)
    if request is None:
        return
    host.limit_process(request.limits.memory_bytes, request.limits.cpu_seconds)
    try:
        _answer(request, source, target)
    except Exception as error:  # noqa: BLE001 -- anything that a parser raises is reported
        problem = reading_error(next(iter(request.sizes | request.paths), "The file"), error)
        kind = "limit" if isinstance(problem, LimitError) else "error"
        transfer.send(target, Message(kind, error=problem.message, hint=problem.hint))


def _answer(request: Request, source: BinaryIO, output: BinaryIO) -> None:
    if request.dataset:
        transfer.send_table(output, load_hub_dataset(request.dataset))
        return
    files = {name: source.read(size) for name, size in request.sizes.items()}
    report = partial(_report, output)
    if request.kind in ("preview", "chunks"):
        [file] = [SourceFile.of_path(Path(path), name) for name, path in request.paths.items()] or [
            SourceFile.of_bytes(data, name) for name, data in files.items()
        ]
        with limited_reading(file.name, file.size):  # one budget for the detection and for the rows
            stream = stream_table(file, request.options, report)
            if request.kind == "preview":
                transfer.send_preview(output, stream)
            else:
                transfer.send_chunks(output, stream.read(request.chunk_rows))
        return
    files |= {name: Path(path).read_bytes() for name, path in request.paths.items()}
    if not files:
        raise DataError("There is no file to read.", "Choose a file.")
    if len(files) == 1:
        [(name, data)] = files.items()
        table = read_bytes(data, name, request.options, request.columns_needed, report)
    else:
        table = read_files(files, request.options, report)
    transfer.send_table(output, table)


def _report(output: BinaryIO, done: int, total: int) -> None:
    transfer.send(output, Message("progress", done, total))


if __name__ == "__main__":
    main()
