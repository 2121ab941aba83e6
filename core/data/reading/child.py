"""The process that reads what a stranger sent: a request and the files come in on stdin, progress and the table go out on stdout.

Each process answers one request. It limits its own memory and CPU time before it looks at the files, so that a file that
exhausts them ends this process and no other. One that gets no request for some minutes ends.
"""

import os
import sys
import threading
import warnings
from functools import partial
from pathlib import Path
from typing import BinaryIO

from core import host
from core.data.budget import reading_error
from core.data.reading import transfer
from core.data.reading.chunks import SourceFile
from core.data.reading.files import read_bytes, read_files
from core.data.reading.streaming import stream_table
from core.data.reading.transfer import Message, Request
from core.errors import DataError, LimitError

_IDLE_SECONDS = 300.0


def main() -> None:
    """Answer one request."""
    output = os.fdopen(os.dup(1), "wb")
    os.dup2(2, 1)  # what a library prints is no part of the answer
    warnings.simplefilter("ignore")
    transfer.send(output, Message("ready"))
    idle = threading.Timer(_IDLE_SECONDS, os._exit, [0])
    idle.daemon = True
    idle.start()
    request: Request | None = transfer.receive(sys.stdin.buffer, Request)
    idle.cancel()
    if request is None:
        return
    host.limit_process(request.limits.memory_bytes, request.limits.seconds)
    try:
        _answer(request, output)
    except Exception as error:  # noqa: BLE001 -- anything that a parser raises is reported
        problem = reading_error(next(iter(request.sizes | request.paths), "The file"), error)
        kind = "limit" if isinstance(problem, LimitError) else "error"
        transfer.send(output, Message(kind, error=problem.message, hint=problem.hint))


def _answer(request: Request, output: BinaryIO) -> None:
    files = {name: sys.stdin.buffer.read(size) for name, size in request.sizes.items()}
    report = partial(_report, output)
    if request.kind == "preview":
        [source] = [SourceFile.of_path(Path(path), name) for name, path in request.paths.items()] or [
            SourceFile.of_bytes(data, name) for name, data in files.items()
        ]
        transfer.send_preview(output, stream_table(source, request.options, report))
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
