"""How a table travels between two processes: a line of JSON, then its cells as an Arrow stream. Nothing is pickled.

A table of any size travels as many chunks, each of which is a line of JSON and an Arrow stream.
"""

import json
from collections.abc import Iterable, Sequence
from dataclasses import MISSING, asdict, dataclass, field, fields, make_dataclass, replace
from pathlib import Path
from typing import Any, BinaryIO, get_type_hints

import pandas as pd
import pyarrow as pa

from core.data.budget import Limits
from core.data.reading.chunks import Chunk, TableStream
from core.data.reading.hub import HubDataset
from core.data.table import DETECT, NO_ROWS, ReadOptions, Table, frame_from_arrow
from core.errors import DataError, LimitError
from core.storage import parse_record

_BATCH_ROWS = 50_000
_MAX_LINE = 100_000_000
_FRAME = "frame"
_PROBLEMS = "problems"


@dataclass(frozen=True)
class Preview:
    """The first rows of a file of any size as a table, and the number of all its rows."""

    head: Table
    rows: int


@dataclass(frozen=True)
class Request:
    """What to read: files by name, each with its size (its bytes follow the request) or with the path to read it from.

    ``kind`` is "table" for the whole table, "preview" for the first rows of a single file, "chunks" for all rows of a single
    file in chunks of at most ``chunk_rows``, "hub" for the ``dataset`` of the hub.
    """

    kind: str
    sizes: dict[str, int]
    limits: Limits
    paths: dict[str, str] = field(default_factory=dict)
    options: ReadOptions = DETECT
    columns_needed: int = 2
    chunk_rows: int = 0
    dataset: HubDataset | None = None


@dataclass(frozen=True)
class Message:
    """What the reading process reports: progress, an error, the end, or that the cells of a table, preview or chunk follow."""

    kind: str
    done: int = 0
    total: int = 0
    error: str = ""
    hint: str = ""
    facts: dict[str, Any] = field(default_factory=dict)


def send(stream: BinaryIO, record: Request | Message) -> None:
    """Write a request or a message as a line of JSON."""
    line = json.dumps(asdict(record), ensure_ascii=True).encode() + b"\n"
    stream.write(line)
    stream.flush()


def receive(stream: BinaryIO, kind: type[Any]) -> Any:
    """The next request or message of a stream; None at its end.

    Raises:
        DataError: the line is not one.
    """
    line = stream.readline(_MAX_LINE)
    if not line.endswith(b"\n"):
        return None
    try:
        record = json.loads(line)
    except (ValueError, RecursionError) as error:
        raise _unreadable() from error
    return parse_record(kind, record, Path("message"))


def send_table(stream: BinaryIO, table: Table) -> None:
    """Write a table: a message with what was detected about the file, then its cells."""
    send(stream, Message("table", facts=_facts(table)))
    _send_cells(stream, table.frame)


def send_preview(stream: BinaryIO, table: TableStream) -> None:
    """Write the first rows of a table of any size, and the number of all its rows."""
    head = table.head()
    send(stream, Message("preview", total=table.rows, facts=_facts(head)))
    _send_cells(stream, head.frame)


def send_chunks(stream: BinaryIO, chunks: Iterable[Chunk]) -> None:
    """Write chunks of a table, each as a message with its problems and its cells, then a message that there are no more."""
    for chunk in chunks:
        send(stream, Message("chunk", facts={_PROBLEMS: list(chunk.problems.items())}))
        with pa.ipc.new_stream(stream, chunk.table.schema) as writer:
            writer.write_table(chunk.table)
    send(stream, Message("end"))


def receive_table(stream: BinaryIO, message: Message, limits: Limits) -> Table:
    """The table that follows a message.

    Raises:
        DataError: what follows is not a table of strings.
        LimitError: it is larger than the limits.
        StorageError: a fact about the file has the wrong type.
    """
    facts = parse_record(_TABLE_FACTS, message.facts, Path("message"))
    values = {item.name: getattr(facts, item.name) for item in fields(facts)}
    return Table(frame=_receive_cells(stream, limits), **values)


def receive_preview(stream: BinaryIO, message: Message, limits: Limits) -> Preview:
    """The preview that follows a message; see :func:`receive_table` for the errors."""
    return Preview(receive_table(stream, message, limits), message.total)


def receive_chunk(stream: BinaryIO, message: Message, limits: Limits) -> Chunk:
    """The chunk that follows a message; see :func:`receive_table` for the errors."""
    problems = parse_record(_Problems, message.facts, Path("message")).problems
    return Chunk(_receive_arrow(stream, limits), dict(problems))


@dataclass(frozen=True)
class _Problems:
    problems: list[tuple[int, str]]


def _facts(table: Table) -> dict[str, Any]:
    """The fields of a table without its rows."""
    facts = asdict(replace(table, frame=NO_ROWS))
    del facts[_FRAME]
    return facts


def _send_cells(stream: BinaryIO, frame: pd.DataFrame) -> None:
    cells = pa.table(
        [pa.array(column, type=pa.large_string(), from_pandas=True) for _, column in frame.items()],
        names=[str(name) for name in frame.columns],
    )
    with pa.ipc.new_stream(stream, cells.schema) as writer:
        writer.write_table(cells, max_chunksize=_BATCH_ROWS)


def _receive_cells(stream: BinaryIO, limits: Limits) -> pd.DataFrame:
    """The cells of an Arrow stream of strings whose sender is not trusted."""
    table = _receive_arrow(stream, limits)
    if any(kind != pa.large_string() for kind in table.schema.types):
        raise _unreadable()
    return frame_from_arrow(table.columns, table.column_names)


def _receive_arrow(stream: BinaryIO, limits: Limits) -> pa.Table:
    """The table in an Arrow stream whose sender is not trusted."""
    batches: list[pa.RecordBatch] = []
    rows = size = 0
    with pa.ipc.open_stream(stream) as reader:
        schema = reader.schema
        if len(set(schema.names)) < len(schema.names):
            raise _unreadable()
        for batch in reader:
            rows, size = rows + batch.num_rows, size + batch.nbytes
            if rows > limits.rows or size > limits.memory_bytes:
                raise LimitError("The file has more data than is allowed.", "Upload a smaller part of it.")
            batch.validate(full=True)
            batches.append(batch)
    return pa.Table.from_batches(batches, schema)


def _unreadable() -> DataError:
    return DataError("The file cannot be read.", "Save the table as CSV (UTF-8) and upload that file.")


def _facts_of(kind: type[Any], left_out: Sequence[str]) -> type[Any]:
    """A dataclass with the fields of another without some of them, so that they can be validated."""
    hints = get_type_hints(kind)
    specifications = [
        (item.name, hints[item.name], field(default=item.default) if item.default is not MISSING else field())
        for item in fields(kind)
        if item.name not in left_out
    ]
    return make_dataclass(f"{kind.__name__}Facts", specifications, frozen=True)


_TABLE_FACTS = _facts_of(Table, [_FRAME])
