"""How a table travels between two processes: a line of JSON, then its cells as an Arrow stream. Nothing is pickled."""

import json
from collections.abc import Sequence
from dataclasses import MISSING, asdict, dataclass, field, fields, make_dataclass, replace
from pathlib import Path
from typing import Any, BinaryIO, get_type_hints

import pandas as pd
import pyarrow as pa

from core.data.budget import Limits
from core.data.reading.chunks import TableStream
from core.data.table import DETECT, ReadOptions, Table, frame_from_arrow
from core.errors import DataError, LimitError
from core.storage import parse_record

_BATCH_ROWS = 50_000
_MAX_LINE = 100_000_000
_FRAME = "frame"


@dataclass(frozen=True)
class Preview:
    """The first rows of a file of any size, and the number of all its rows."""

    head: pd.DataFrame
    rows: int


@dataclass(frozen=True)
class Request:
    """What to read: files by name, each with its size (its bytes follow the request) or with the path to read it from.

    ``kind`` is "table" for the whole table, "preview" for the first rows of a single file.
    """

    kind: str
    sizes: dict[str, int]
    limits: Limits
    paths: dict[str, str] = field(default_factory=dict)
    options: ReadOptions = DETECT
    columns_needed: int = 2


@dataclass(frozen=True)
class Message:
    """What the reading process reports: progress, an error, or that the cells of a table or a preview follow."""

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
        raise DataError("The file cannot be read.", "Save the table as CSV (UTF-8) and upload that file.") from error
    return parse_record(kind, record, Path("message"))


def send_table(stream: BinaryIO, table: Table) -> None:
    """Write a table: a message with what was detected about the file, then its cells."""
    facts = asdict(replace(table, frame=pd.DataFrame()))
    del facts[_FRAME]
    send(stream, Message("table", facts=facts))
    _send_cells(stream, table.frame)


def send_preview(stream: BinaryIO, table: TableStream) -> None:
    """Write the first rows of a table of any size, and the number of all its rows."""
    send(stream, Message("preview", facts={"rows": table.rows}))
    _send_cells(stream, table.head())


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
    rows = message.facts.get("rows")
    if not isinstance(rows, int) or rows < 0:
        raise DataError("The file cannot be read.", "Save the table as CSV (UTF-8) and upload that file.")
    return Preview(_receive_cells(stream, limits), rows)


def _send_cells(stream: BinaryIO, frame: pd.DataFrame) -> None:
    cells = pa.table(
        [pa.array(column, type=pa.large_string(), from_pandas=True) for _, column in frame.items()],
        names=[str(name) for name in frame.columns],
    )
    with pa.ipc.new_stream(stream, cells.schema) as writer:
        writer.write_table(cells, max_chunksize=_BATCH_ROWS)


def _receive_cells(stream: BinaryIO, limits: Limits) -> pd.DataFrame:
    """The cells of an Arrow stream whose sender is not trusted."""
    batches: list[pa.RecordBatch] = []
    rows = size = 0
    with pa.ipc.open_stream(stream) as reader:
        schema = reader.schema
        if any(kind != pa.large_string() for kind in schema.types) or len(set(schema.names)) < len(schema.names):
            raise DataError("The file cannot be read.", "Save the table as CSV (UTF-8) and upload that file.")
        for batch in reader:
            rows, size = rows + batch.num_rows, size + batch.nbytes
            if rows > limits.rows or size > limits.memory_bytes:
                raise LimitError("The file has more data than is allowed.", "Upload a smaller part of it.")
            batch.validate(full=True)
            batches.append(batch)
    return _frame(pa.Table.from_batches(batches, schema))


def _frame(table: pa.Table) -> pd.DataFrame:
    return frame_from_arrow(table.columns, table.column_names)


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
