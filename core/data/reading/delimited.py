"""Delimited text -> :class:`~core.data.table.Table`: rows of the width that most have; those that do not fit are set aside."""

import csv
import io
import re
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from itertools import islice

import pyarrow as pa

from core.data.reading.dialects import (
    SAMPLE_CHARACTERS,
    SAMPLE_RECORDS,
    CsvReader,
    Dialect,
    find_dialect,
    fit,
    guess_header,
    lines_of,
    preamble,
)
from core.data.table import (
    MAX_CELL_CHARACTERS,
    ReadOptions,
    Table,
    UnreadableRow,
    arrow_frame,
    check_cell,
    check_width,
    column_names,
)
from core.errors import DataError
from core.formatting import pluralize
from core.jobs.events import OnProgress

_ALL_BUT_EVEN = 0.98
_QUOTED_COLUMN = 0.5
# More short or long rows than this are the file's habit, not its damage: they are filled up or widened.
_HABIT = 0.05
_CHUNK_ROWS = 50_000
_MAX_UNREADABLE = 10_000


def read_delimited(data: bytes, name: str, encoding: str, options: ReadOptions, on_progress: OnProgress) -> Table:
    """Read delimited text.

    Raises:
        DataError: an unclosed quotation mark, or no rows that hang together.
        LimitError: too many columns, or a cell that is too long.
    """
    head = _head(data, encoding)
    first_line, skipped = _excel_hint(head)
    options = options if options.delimiter or not skipped else replace(options, delimiter=first_line[4])
    sample = head[skipped:]
    dialect = find_dialect(sample, options)
    check_width(name, len(next(dialect.reader(islice(lines_of(sample), 1), False), [])))

    def parse(chosen: Dialect, strict: bool) -> Table:
        return _parse(data, name, encoding, chosen, strict, options.header, skipped > 0, on_progress)

    return _first_that_fits(parse, dialect, sample, options, name)


def _first_that_fits(
    parse: Callable[[Dialect, bool], Table], dialect: Dialect, sample: str, options: ReadOptions, name: str
) -> Table:
    """Quoting as the rules have it, else with backslashes, else quotation marks as text, else quoting with a blind eye."""
    if not dialect.quote:
        return parse(dialect, False)
    try:
        return parse(dialect, True)
    except csv.Error as error:
        broken = str(error)
    attempts = [] if dialect.escape else [Dialect(dialect.delimiter, dialect.quote, "\\")]
    unquoted = Dialect(dialect.delimiter, "")
    if options.quote is None and fit(sample, unquoted).evenness >= _ALL_BUT_EVEN:
        attempts.append(unquoted)
    for attempt in attempts:
        try:
            table = parse(attempt, True)
        except (csv.Error, DataError):
            continue
        if attempt.quote or not _keeps_quotes(table):
            return table
    if "unexpected end" in broken:
        raise DataError(
            f"{name} cannot be read as a table: a quotation mark is opened and never closed.",
            "Find and close it, or say that quotation marks are part of the texts.",
        )
    return parse(dialect, False)


def _keeps_quotes(table: Table) -> bool:
    """Whether a column kept quotation marks around most of its cells, which were quoting after all."""
    for column in table.frame.columns:
        cells = table.frame[column].head(SAMPLE_RECORDS)
        if (cells.str.startswith('"') & cells.str.endswith('"')).mean() >= _QUOTED_COLUMN:
            return True
    return False


def _parse(
    data: bytes,
    name: str,
    encoding: str,
    dialect: Dialect,
    strict: bool,
    header: bool | None,
    skip_line: bool,
    on_progress: OnProgress,
) -> Table:
    raw = io.BytesIO(data)
    lines: Iterator[str] = io.TextIOWrapper(raw, encoding=encoding, errors="replace", newline="")
    if skip_line:
        next(lines)
    reader = dialect.reader(lines, strict)
    records = _records(reader, name)
    first = list(islice(records, SAMPLE_RECORDS))
    if not first:
        raise DataError(f"{name} is empty.", "Choose a file with a header line and at least one row.")
    skipped = preamble([record for _, record in first])
    above, first = first[:skipped], first[skipped:]
    shape = _Shape.of([record for _, record in first], header)
    check_width(name, shape.width)
    builder = _Builder(shape.width, shape.fill, shape.widen)
    for line, record in above:
        builder.set_aside(line, record, "stands above the table")
    for position, (line, record) in enumerate(first):
        if position or not shape.header:
            builder.add(line, record)
    for line, record in records:
        builder.add(line, record)
        if builder.rows % _CHUNK_ROWS == 0:
            on_progress(raw.tell(), len(data))
    names = column_names(shape.names, shape.width)
    return Table(
        frame=arrow_frame(builder.columns(), names),
        name=name,
        encoding=encoding.removesuffix("-sig"),
        delimiter=dialect.delimiter,
        quote=dialect.quote,
        header=shape.header,
        unreadable=tuple(builder.unreadable),
    )


def _records(reader: CsvReader, name: str) -> Iterator[tuple[int, list[str]]]:
    """Records that are not blank, with the line each ends on."""
    try:
        for record in reader:
            if record and (len(record) > 1 or record[0].strip()):
                yield reader.line_num, record
    except csv.Error as error:
        if "field larger" in str(error):
            check_cell(name, MAX_CELL_CHARACTERS + 1)
        raise


@dataclass(frozen=True)
class _Shape:
    """How wide the table is, whether line 1 is a header, whether short rows are filled up and long ones keep their rest."""

    width: int
    header: bool
    names: list[str]
    fill: bool
    widen: bool

    @classmethod
    def of(cls, records: list[list[str]], header: bool | None) -> "_Shape":
        widths = Counter(len(_trimmed(record, len(records[0]))) for record in records)
        width = widths.most_common(1)[0][0]
        rows = records[1:] or records
        named = guess_header(records) if header is None else header
        names = records[0] if named else []
        if named and len(names) == width - 1 and len(names) > 1:
            names = ["row", *names]  # as R writes row names
        width = max(width, len(names)) if named else width
        short = sum(len(record) < width for record in rows) / len(rows)
        long = sum(len(_trimmed(record, width)) > width for record in rows) / len(rows)
        if long > _HABIT:
            width = max(len(record) for record in records)
        return cls(width, named, names, fill=short > _HABIT or long > _HABIT, widen=long > _HABIT)


class _Builder:
    """Collects records as Arrow columns, a chunk at a time; sets aside those that do not fit."""

    def __init__(self, width: int, fill: bool, widen: bool) -> None:
        self.width, self.fill = width, fill or widen
        self.rows = 0
        self.unreadable: list[UnreadableRow] = []
        self._pending: list[list[str]] = []
        self._chunks: list[list[pa.Array]] = [[] for _ in range(width)]

    def add(self, line: int, record: list[str]) -> None:
        """Take a record in, or set it aside."""
        if len(record) != self.width:
            record = _trimmed(record, self.width)
            if len(record) < self.width and self.fill:
                record = record + [""] * (self.width - len(record))
            if len(record) != self.width:
                found = f"{pluralize(len(record), 'column')} instead of {self.width}"
                self.set_aside(line, record, found)
                return
        self._pending.append(record)
        self.rows += 1
        if len(self._pending) == _CHUNK_ROWS:
            self._flush()

    def columns(self) -> list[pa.ChunkedArray]:
        """All that was taken in."""
        self._flush()
        return [pa.chunked_array(chunks, type=pa.large_string()) for chunks in self._chunks]

    def set_aside(self, line: int, record: list[str], why: str) -> None:
        """Keep a record that is not a row, to be shown."""
        if len(self.unreadable) >= _MAX_UNREADABLE:
            raise DataError(
                f"More than {_MAX_UNREADABLE:,} rows do not have the {self.width} columns of the others.",
                "Choose another delimiter or other quotation marks.",
            )
        self.unreadable.append(UnreadableRow.of(line, why, " ⎮ ".join(record)))

    def _flush(self) -> None:
        for chunks, cells in zip(self._chunks, zip(*self._pending, strict=True), strict=False):
            chunks.append(pa.array(cells, type=pa.large_string()))
        self._pending.clear()


def _trimmed(record: list[str], width: int) -> list[str]:
    """The record without empty cells beyond ``width``."""
    while len(record) > width and not record[-1].strip():
        record = record[:-1]
    return record


def _head(data: bytes, encoding: str) -> str:
    """The beginning of the text, at most ``SAMPLE_CHARACTERS`` and whole characters only."""
    return io.TextIOWrapper(io.BytesIO(data), encoding=encoding, errors="replace", newline="").read(SAMPLE_CHARACTERS)


def _excel_hint(head: str) -> tuple[str, int]:
    """The line ``sep=;`` that spreadsheets write above a table, and how many characters to skip for it."""
    line = next(lines_of(head), "")
    return line, len(line) if re.fullmatch(r"sep=.\s*", line) else 0
