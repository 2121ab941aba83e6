"""Delimited text as a table: rows have the most frequent width, other rows are set aside."""

import io
from dataclasses import replace

import pyarrow as pa

from core.data.reading.fallbacks import parse_with_fallbacks
from core.data.reading.headers import Shape, trim
from core.data.reading.records import DelimitedFile, Records
from core.data.table import (
    ABOVE_TABLE,
    ReadOptions,
    Table,
    UnreadableRow,
    frame_from_arrow,
    string_array,
)
from core.errors import DataError
from core.jobs.events import OnProgress

_CHUNK_ROWS = 50_000
_MAX_UNREADABLE = 10_000


def read_delimited(data: bytes, name: str, encoding: str, options: ReadOptions, on_progress: OnProgress) -> Table:
    """The table in a delimited text file.

    Raises:
        DataError: a quotation mark is never closed, or the rows do not form a table.
        LimitError: there are too many columns, or a cell is too long.
    """
    file = DelimitedFile(lambda: io.BytesIO(data), len(data), name, encoding, options, on_progress)
    return parse_with_fallbacks(file, _collect_table)


def _collect_table(records: Records) -> Table:
    """The table made of all records.

    Raises:
        DataError: too many records do not fit.
    """
    builder = _TableBuilder(records.shape)
    for line, record in records.preamble:
        builder.set_aside(line, record, ABOVE_TABLE)
    for line, record in records:
        builder.add(line, record)
    table = records.describe(frame_from_arrow(builder.columns(), records.names))
    return replace(table, unreadable=tuple(builder.unreadable))


class _TableBuilder:
    """Collects records as chunks of Arrow columns, and sets aside those that do not fit."""

    def __init__(self, shape: Shape) -> None:
        self._shape = shape
        self.unreadable: list[UnreadableRow] = []
        self._pending: list[list[str]] = []
        self._chunks: list[list[pa.Array]] = [[] for _ in range(shape.width)]

    def add(self, line: int, record: list[str]) -> None:
        """Add a record as a row, or set it aside."""
        cells, problem = self._shape.fit(record)
        if problem:
            self.set_aside(line, trim(record, self._shape.width), problem)
            return
        self._pending.append(cells)
        if len(self._pending) == _CHUNK_ROWS:
            self._flush()

    def columns(self) -> list[pa.ChunkedArray]:
        """The columns of all rows."""
        self._flush()
        return [pa.chunked_array(chunks, type=pa.large_string()) for chunks in self._chunks]

    def set_aside(self, line: int, record: list[str], reason: str) -> None:
        """Keep a record that is not a row, so that it can be shown."""
        if len(self.unreadable) >= _MAX_UNREADABLE:
            raise DataError(
                f"More than {_MAX_UNREADABLE:,} rows do not have the {self._shape.width} columns of the others.",
                "Choose another delimiter or another quotation mark.",
            )
        self.unreadable.append(UnreadableRow.truncated(line, reason, " ⎮ ".join(record)))

    def _flush(self) -> None:
        for chunks, cells in zip(self._chunks, zip(*self._pending, strict=True), strict=False):
            chunks.append(string_array(cells))
        self._pending.clear()
