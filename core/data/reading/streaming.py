"""Files of any size as a stream of rows, in constant memory.

CSV and similar text, JSON Lines (both also with gzip) and Parquet are read in parts, with the encoding and the dialect that
:mod:`core.data.reading.files` detects. Files of the other formats are read whole, up to the limits of that module. Rows that
cannot be read stay in their place and are marked, where the ordinary reader sets them aside.
"""

import gzip
import io
import zlib
from collections.abc import Iterable, Iterator
from dataclasses import replace
from typing import Any, BinaryIO, cast

import pyarrow as pa

from core.data.budget import MAX_UNPACKED_BYTES, limited_reading, reading_error, spend_rows
from core.data.reading.archives import is_archive_bomb
from core.data.reading.chunks import (
    MAX_LINE,
    Chunk,
    Row,
    SourceFile,
    TableStream,
    check_line_length,
    make_chunks,
)
from core.data.reading.encodings import detect_stream_encoding
from core.data.reading.fallbacks import parse_with_fallbacks
from core.data.reading.files import START_CHARACTERS, detect_text_format, read_bytes, refuse_other_formats
from core.data.reading.json_table import flatten_item, parse_line, single_element_columns, unwrap_elements
from core.data.reading.parquet import ParquetStream
from core.data.reading.records import DelimitedFile, Records, open_records
from core.data.table import (
    ABOVE_TABLE,
    DETECT,
    NO_ROWS,
    ReadOptions,
    Table,
    cell_text,
    check_column_count,
    column_names,
)
from core.errors import DataError, LimitError
from core.jobs.events import OnProgress, no_progress

_READ_BYTES = 1 << 20
_PROGRESS_LINES = 20_000
_SHOWN_CHARACTERS = 100


def stream_table(
    source: SourceFile, options: ReadOptions = DETECT, on_progress: OnProgress = no_progress
) -> TableStream:
    """The table in a file. The whole file is read once, to detect its format and to count its rows.

    Raises:
        DataError: the file is not a table with at least one row.
        LimitError: it has too many columns, a cell or a line is too long, or its format cannot be read in parts and it is
            too large.
    """
    with limited_reading(source.name, source.size):
        stream = _detect_and_stream(source, options, on_progress)

    def read(max_rows: int) -> Iterator[Chunk]:
        try:
            yield from stream.read(max_rows)
        except Exception as error:
            raise reading_error(source.name, error) from error

    return replace(stream, read=read)


def _detect_and_stream(source: SourceFile, options: ReadOptions, on_progress: OnProgress) -> TableStream:
    with source.open() as file:
        start = file.read(_READ_BYTES)
    if start.startswith(b"\x1f\x8b"):
        source, start = _unpacked(source, start)
    if not start.strip() and len(start) < _READ_BYTES:
        raise DataError(f"{source.name} is empty.", "Choose a file with a header line and at least one row.")
    refuse_other_formats(start, source.name)
    stream = _stream(source, start, options, on_progress)
    spend_rows(stream.rows)
    if not stream.rows:
        raise DataError(f"{source.name} has a header line but no rows.", "Add at least one row below the header.")
    return stream


def _stream(source: SourceFile, start: bytes, options: ReadOptions, on_progress: OnProgress) -> TableStream:
    if start.startswith(b"PAR1") and not source.packed:
        return _stream_parquet(source)
    if not start.startswith((b"PK\x03\x04", b"PAR1")):
        with source.open() as file:
            encoding = detect_stream_encoding(file, source.name, options.encoding)
        text = io.TextIOWrapper(io.BytesIO(start), encoding=encoding, errors="replace").read(START_CHARACTERS)
        text_format = detect_text_format(text, source.name)
        if text_format == "json lines":
            return _stream_json_lines(source, encoding, on_progress)
        if text_format == "delimited":
            check_line_length(source)
            return _stream_delimited(
                DelimitedFile(source.open, source.size, source.name, encoding, options, on_progress)
            )
    if source.size > MAX_UNPACKED_BYTES:
        raise LimitError(
            f"{source.name} has more than {MAX_UNPACKED_BYTES // 10**9} GB, too much for its format.",
            "Save it as CSV, JSON Lines or Parquet: files of these formats can have any size.",
        )
    with source.open() as file:
        return _stream_whole(read_bytes(file.read(), source.name, options, 1, on_progress))


class _Unpacked(gzip.GzipFile):
    """A gzip file that closes the file it unpacks."""

    def __init__(self, packed: BinaryIO) -> None:
        super().__init__(fileobj=packed)
        self._packed = packed

    def close(self) -> None:
        super().close()
        self._packed.close()


def _unpacked(source: SourceFile, start: bytes) -> tuple[SourceFile, bytes]:
    """The contents of a gzip file as a source, and their first bytes.

    Raises:
        DataError: the file is damaged.
        LimitError: it unpacks to far more than its own size.
    """

    def unpack() -> BinaryIO:
        return cast(BinaryIO, _Unpacked(source.open()))

    size, first = 0, b""
    try:
        with unpack() as file:
            while part := file.read(_READ_BYTES):
                first, size = first or part, size + len(part)
                if is_archive_bomb(size, source.size):
                    raise LimitError(f"{source.name} unpacks to far more than its own size.", "Upload it unpacked.")
    except (OSError, EOFError, zlib.error) as error:
        raise DataError(
            f"{source.name} is a damaged gzip file.", "Compress it again, or upload it uncompressed."
        ) from error
    return SourceFile(source.name.removesuffix(".gz"), size, unpack, packed=True), first


def _stream_parquet(source: SourceFile) -> TableStream:
    def read(max_rows: int) -> Iterator[Chunk]:
        with source.open() as opened:
            yield from map(Chunk, ParquetStream(opened, source.name).batches(max_rows))

    with source.open() as opened:
        file = ParquetStream(opened, source.name)
    return TableStream(source.name, tuple(file.columns), file.rows, read, Table(NO_ROWS, source.name, format="Parquet"))


def _stream_delimited(file: DelimitedFile) -> TableStream:
    def count(records: Records) -> tuple[Records, int]:
        return records, sum(1 for _ in records)

    counted, rows = parse_with_fallbacks(file, count)
    names, dialect, strict = counted.names, counted.dialect, counted.strict
    quiet_file = replace(counted.file, on_progress=no_progress)

    def read(max_rows: int) -> Iterator[Chunk]:
        with open_records(quiet_file, dialect, strict) as records:
            yield from make_chunks(_delimited_rows(records), names, max_rows)

    return TableStream(file.name, tuple(names), rows, read, counted.describe(NO_ROWS))


def _delimited_rows(records: Records) -> Iterator[Row]:
    for line, record in records:
        cells, problem = records.shape.fit(record)
        yield cells, f"line {line}: {problem}" if problem else ""


def _stream_json_lines(source: SourceFile, encoding: str, on_progress: OnProgress) -> TableStream:
    keys: dict[str, None] = {}
    rows = 0

    def read_objects() -> Iterator[dict[str, Any]]:
        nonlocal rows
        for item, _ in _json_rows(source, encoding, on_progress):
            rows += 1
            if item is not None:
                keys.update(dict.fromkeys(item))
                check_column_count(source.name, len(keys))
                yield item

    single = single_element_columns(read_objects())
    if not keys:
        raise DataError(
            f"No line of {source.name} is a JSON object.", 'Expected lines such as {"text": "…", "label": "…"}.'
        )
    names = column_names(keys, len(keys))

    def cells(item: dict[str, Any] | None) -> list[str]:
        item = unwrap_elements(item or {}, single)
        return [cell_text(item.get(key)) for key in keys]

    def read(max_rows: int) -> Iterator[Chunk]:
        items = _json_rows(source, encoding, no_progress)
        return make_chunks(((cells(item), problem) for item, problem in items), names, max_rows)

    empty = Table(NO_ROWS, source.name, encoding=encoding.removesuffix("-sig"), format="JSON Lines")
    return TableStream(source.name, tuple(names), rows, read, empty)


def _json_rows(
    source: SourceFile, encoding: str, on_progress: OnProgress
) -> Iterator[tuple[dict[str, Any] | None, str]]:
    """The flat objects in the lines of a file; None and a problem for a line that has none."""
    raw = source.open()
    with io.TextIOWrapper(raw, encoding=encoding, errors="replace", newline="\n") as file:
        for number, line in enumerate(iter(lambda: file.readline(MAX_LINE), ""), start=1):
            if number % _PROGRESS_LINES == 0:
                on_progress(min(raw.tell(), source.size), source.size)
            if len(line) == MAX_LINE:
                while line and not line.endswith("\n"):
                    line = file.readline(MAX_LINE)
                yield None, f"line {number}: more than {MAX_LINE:,} characters"
            elif line.strip():
                yield from _parse_json_row(number, line)


def _parse_json_row(number: int, line: str) -> Iterable[tuple[dict[str, Any] | None, str]]:
    item = parse_line(line)
    try:
        if item is not None:
            return [(row, "") for row in flatten_item(item)]
    except (AttributeError, TypeError):  # an annotation that is not one of Label Studio
        pass
    return [(None, f"line {number}: not a JSON object: {line.strip()[:_SHOWN_CHARACTERS]}")]


def _stream_whole(table: Table) -> TableStream:
    """The rows of a table in memory; those that could not be read come last."""
    names = tuple(table.frame.columns)
    unreadable = [row for row in table.unreadable if row.reason != ABOVE_TABLE]
    arrow = pa.Table.from_pandas(table.frame, preserve_index=False).replace_schema_metadata(None)

    def read(max_rows: int) -> Iterator[Chunk]:
        for first in range(0, len(table), max_rows):
            yield Chunk(arrow.slice(first, max_rows))
        rows = (
            ([""] * len(names), f"line {row.line}: {row.reason}: {row.content[:_SHOWN_CHARACTERS]}")
            for row in unreadable
        )
        yield from make_chunks(rows, names, max_rows)

    return TableStream(
        table.name, names, len(table) + len(unreadable), read, replace(table, frame=NO_ROWS, unreadable=())
    )
