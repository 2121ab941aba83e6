"""Delimited text as a table: rows have the most frequent width, other rows are set aside."""

import csv
import io
import re
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, replace
from itertools import islice

import pyarrow as pa

from core.data.reading.dialects import (
    QUOTED_COLUMN_SHARE,
    SAMPLE_CHARACTERS,
    SAMPLE_RECORDS,
    CsvReader,
    Dialect,
    count_preamble_rows,
    find_dialect,
    guess_header,
    score_dialect,
    split_lines,
)
from core.data.table import (
    MAX_CELL_CHARACTERS,
    ReadOptions,
    Table,
    UnreadableRow,
    check_cell_length,
    check_column_count,
    column_names,
    frame_from_arrow,
)
from core.errors import DataError
from core.formatting import pluralize
from core.jobs.events import OnProgress

_MIN_UNQUOTED_EVENNESS = 0.98
# If more than this share of rows is too short or too long, the rows are padded or the table is widened.
_MAX_MISFIT_SHARE = 0.05
_CHUNK_ROWS = 50_000
_MAX_UNREADABLE = 10_000


def read_delimited(data: bytes, name: str, encoding: str, options: ReadOptions, on_progress: OnProgress) -> Table:
    """The table in a delimited text file.

    Raises:
        DataError: a quotation mark is never closed, or the rows do not form a table.
        LimitError: there are too many columns, or a cell is too long.
    """
    file = _File(data, name, encoding, options, on_progress)
    sample = file.read_sample()
    delimiter_line = next(split_lines(sample), "")
    if re.fullmatch(r"sep=.\s*", delimiter_line):  # as Excel writes it above the table
        delimiter = options.delimiter or delimiter_line[len("sep=")]
        file = replace(file, options=replace(options, delimiter=delimiter), skipped_lines=1)
        sample = sample[len(delimiter_line) :]
    dialect = find_dialect(sample, file.options)
    check_column_count(name, len(next(dialect.reader(islice(split_lines(sample), 1), False), [])))
    return _parse_with_fallbacks(file, dialect, sample)


@dataclass(frozen=True)
class _File:
    """A delimited text file and how to read it."""

    data: bytes
    name: str
    encoding: str
    options: ReadOptions
    on_progress: OnProgress
    skipped_lines: int = 0

    def read_sample(self) -> str:
        """At most ``SAMPLE_CHARACTERS`` characters from the start of the file."""
        return self._decode(io.BytesIO(self.data)).read(SAMPLE_CHARACTERS)

    def parse(self, dialect: Dialect, strict: bool) -> Table:
        """The table that the dialect gives.

        Raises:
            csv.Error: ``strict`` is true and the quoting is invalid.
            DataError: there are no rows, or too many that do not fit.
            LimitError: there are too many columns, or a cell is too long.
        """
        raw = io.BytesIO(self.data)
        lines: Iterator[str] = islice(self._decode(raw), self.skipped_lines, None)
        records = _read_records(dialect.reader(lines, strict), self.name)
        first = list(islice(records, SAMPLE_RECORDS))
        if not first:
            raise DataError(f"{self.name} is empty.", "Choose a file with a header line and at least one row.")
        preamble = count_preamble_rows([record for _, record in first])
        shape = _Shape.guess([record for _, record in first[preamble:]], self.options.header)
        check_column_count(self.name, shape.width)
        builder = _TableBuilder(shape)
        for line, record in first[:preamble]:
            builder.set_aside(line, record, "above the table")
        for line, record in first[preamble + shape.header :]:
            builder.add(line, record)
        for line, record in records:
            builder.add(line, record)
            if builder.rows % _CHUNK_ROWS == 0:
                self.on_progress(raw.tell(), len(self.data))
        return Table(
            frame=frame_from_arrow(builder.columns(), column_names(shape.names, shape.width)),
            name=self.name,
            encoding=self.encoding.removesuffix("-sig"),
            delimiter=dialect.delimiter,
            quote=dialect.quote,
            header=shape.header,
            unreadable=tuple(builder.unreadable),
        )

    def _decode(self, raw: io.BytesIO) -> io.TextIOWrapper:
        return io.TextIOWrapper(raw, encoding=self.encoding, errors="replace", newline="")


def _parse_with_fallbacks(file: _File, dialect: Dialect, sample: str) -> Table:
    """The table with valid quoting, else with backslash escapes, else with quotation marks as text, else with lenient quoting."""
    if not dialect.quote:
        return file.parse(dialect, strict=False)
    try:
        return file.parse(dialect, strict=True)
    except csv.Error as error:
        problem = str(error)
    fallbacks = [] if dialect.escape else [Dialect(dialect.delimiter, dialect.quote, "\\")]
    unquoted = Dialect(dialect.delimiter, "")
    if file.options.quote is None and score_dialect(sample, unquoted).evenness >= _MIN_UNQUOTED_EVENNESS:
        fallbacks.append(unquoted)
    for fallback in fallbacks:
        try:
            table = file.parse(fallback, strict=True)
        except (csv.Error, DataError):
            continue
        if fallback.quote or not _has_quoted_column(table):
            return table
    if "unexpected end" in problem:
        raise DataError(
            f"{file.name} cannot be read as a table: a quotation mark is opened and never closed.",
            "Find and close it, or choose that quotation marks are part of the texts.",
        )
    return file.parse(dialect, strict=False)


def _has_quoted_column(table: Table) -> bool:
    """Whether most cells of a column still have quotation marks around them, so they were quoted after all."""
    for column in table.frame.columns:
        cells = table.frame[column].head(SAMPLE_RECORDS)
        if (cells.str.startswith('"') & cells.str.endswith('"')).mean() >= QUOTED_COLUMN_SHARE:
            return True
    return False


def _read_records(reader: CsvReader, name: str) -> Iterator[tuple[int, list[str]]]:
    """The records that are not blank, each with the number of its last line."""
    try:
        for record in reader:
            if record and (len(record) > 1 or record[0].strip()):
                yield reader.line_num, record
    except csv.Error as error:
        if "field larger" in str(error):
            check_cell_length(name, MAX_CELL_CHARACTERS + 1)
        raise


@dataclass(frozen=True)
class _Shape:
    """The width of a table, its header (if it has one), and whether short rows are padded with empty cells."""

    width: int
    header: bool
    names: list[str]
    pad: bool

    @classmethod
    def guess(cls, records: list[list[str]], header: bool | None) -> "_Shape":
        """The shape of the table whose first records these are; ``header`` is None if it is not known."""
        widths = Counter(len(_trim(record, len(records[0]))) for record in records)
        width = widths.most_common(1)[0][0]
        rows = records[1:] or records
        has_header = guess_header(records) if header is None else header
        names = records[0] if has_header else []
        if has_header and len(names) == width - 1 and len(names) > 1:
            names = ["row", *names]  # R writes row names without a column name
        width = max(width, len(names)) if has_header else width
        short = sum(len(record) < width for record in rows) / len(rows)
        long = sum(len(_trim(record, width)) > width for record in rows) / len(rows)
        if long > _MAX_MISFIT_SHARE:
            width = max(len(record) for record in records)
        return cls(width, has_header, names, pad=max(short, long) > _MAX_MISFIT_SHARE)


class _TableBuilder:
    """Collects records as chunks of Arrow columns, and sets aside those that do not fit."""

    def __init__(self, shape: _Shape) -> None:
        self.width, self.pad = shape.width, shape.pad
        self.rows = 0
        self.unreadable: list[UnreadableRow] = []
        self._pending: list[list[str]] = []
        self._chunks: list[list[pa.Array]] = [[] for _ in range(shape.width)]

    def add(self, line: int, record: list[str]) -> None:
        """Add a record as a row, or set it aside."""
        if len(record) != self.width:
            record = _trim(record, self.width)
            if len(record) < self.width and self.pad:
                record = record + [""] * (self.width - len(record))
            if len(record) != self.width:
                self.set_aside(line, record, f"{pluralize(len(record), 'column')} instead of {self.width}")
                return
        self._pending.append(record)
        self.rows += 1
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
                f"More than {_MAX_UNREADABLE:,} rows do not have the {self.width} columns of the others.",
                "Choose another delimiter or another quotation mark.",
            )
        self.unreadable.append(UnreadableRow.truncated(line, reason, " ⎮ ".join(record)))

    def _flush(self) -> None:
        for chunks, cells in zip(self._chunks, zip(*self._pending, strict=True), strict=False):
            chunks.append(pa.array(cells, type=pa.large_string()))
        self._pending.clear()


def _trim(record: list[str], width: int) -> list[str]:
    """The record without trailing empty cells beyond ``width``."""
    while len(record) > width and not record[-1].strip():
        record = record[:-1]
    return record
