"""Delimited text as a table: rows have the most frequent width, other rows are set aside."""

import csv
import io
import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from itertools import chain, islice
from typing import BinaryIO, TypeVar, cast

import pyarrow as pa

from core.data.reading.dialects import (
    QUOTED_COLUMN_SHARE,
    SAMPLE_CHARACTERS,
    SAMPLE_RECORDS,
    CsvReader,
    Dialect,
    Shape,
    count_preamble_rows,
    find_dialect,
    score_dialect,
    split_lines,
    trim,
)
from core.data.table import (
    ABOVE_TABLE,
    MAX_CELL_CHARACTERS,
    ReadOptions,
    Table,
    UnreadableRow,
    check_cell_length,
    check_column_count,
    column_names,
    frame_from_arrow,
    string_array,
)
from core.errors import DataError
from core.jobs.events import OnProgress

_MIN_UNQUOTED_EVENNESS = 0.98
_CHUNK_ROWS = 50_000
_MAX_UNREADABLE = 10_000
# A record with the number of its last line.
Record = tuple[int, list[str]]
T = TypeVar("T")


def read_delimited(data: bytes, name: str, encoding: str, options: ReadOptions, on_progress: OnProgress) -> Table:
    """The table in a delimited text file.

    Raises:
        DataError: a quotation mark is never closed, or the rows do not form a table.
        LimitError: there are too many columns, or a cell is too long.
    """
    file = DelimitedFile(lambda: io.BytesIO(data), len(data), name, encoding, options, on_progress)
    return parse_with_fallbacks(file, _collect_table)


@dataclass(frozen=True)
class DelimitedFile:
    """A delimited text file and how to read it. ``open`` returns a new stream of its ``size`` bytes."""

    open: Callable[[], BinaryIO]
    size: int
    name: str
    encoding: str
    options: ReadOptions
    on_progress: OnProgress
    skipped_lines: int = 0

    def read_sample(self) -> str:
        """At most ``SAMPLE_CHARACTERS`` characters from the start of the file."""
        with self.decode(self.open()) as lines:
            return lines.read(SAMPLE_CHARACTERS)

    def decode(self, raw: BinaryIO) -> io.TextIOWrapper:
        """The stream as text, with its line ends unchanged."""
        return io.TextIOWrapper(raw, encoding=self.encoding, errors="replace", newline="")


class Records:
    """The records of a file in a dialect: those above the table in ``preamble``, and those of its rows by iteration, once.

    Raises:
        csv.Error: ``strict`` is true and the quoting is invalid; also while iterating.
        DataError: there are no records.
        LimitError: there are too many columns, or a cell is too long.
    """

    def __init__(self, file: DelimitedFile, dialect: Dialect, strict: bool, text: io.TextIOWrapper) -> None:
        self.file, self.dialect, self.strict = file, dialect, strict
        # Kept until it is closed; otherwise it would close its file on its own, with a warning.
        self._text = text
        self._rest = _read_records(dialect.reader(islice(text, file.skipped_lines, None), strict), file.name)
        first = list(islice(self._rest, SAMPLE_RECORDS))
        if not first:
            raise DataError(f"{file.name} is empty.", "Choose a file with a header line and at least one row.")
        above = count_preamble_rows([record for _, record in first])
        self.shape = Shape.guess([record for _, record in first[above:]], file.options.header)
        check_column_count(file.name, self.shape.width)
        self.preamble = first[:above]
        self._first_rows = first[above + self.shape.header :]

    @property
    def names(self) -> list[str]:
        """The names of the columns."""
        return column_names(self.shape.names, self.shape.width)

    def __iter__(self) -> Iterator[Record]:
        for number, record in enumerate(chain(self._first_rows, self._rest), start=1):
            yield record
            if number % _CHUNK_ROWS == 0:
                self.file.on_progress(min(cast(BinaryIO, self._text.buffer).tell(), self.file.size), self.file.size)

    def has_quoted_column(self) -> bool:
        """Whether most cells of a column still have quotation marks around them, so they were quoted after all."""
        rows = [cells for _, record in self._first_rows for cells, problem in [self.shape.fit(record)] if not problem]
        quoted = (
            sum(len(cell) > 0 and cell[0] == cell[-1] == '"' for cell in cells) for cells in zip(*rows, strict=True)
        )
        return any(count >= QUOTED_COLUMN_SHARE * len(rows) for count in quoted)


@contextmanager
def open_records(file: DelimitedFile, dialect: Dialect, strict: bool) -> Iterator[Records]:
    """The records of a file, which is closed afterwards; see :class:`Records` for the errors."""
    with file.decode(file.open()) as text:
        yield Records(file, dialect, strict, text)


def parse_with_fallbacks(file: DelimitedFile, parse: Callable[[Records], T]) -> T:
    """What ``parse`` returns for the records in the dialect of the file.

    The quoting must be valid; otherwise backslash escapes are tried, then quotation marks as text, then lenient quoting.

    Raises:
        DataError: a quotation mark is never closed, or ``parse`` raises it for every dialect.
        LimitError: there are too many columns, or a cell is too long.
    """
    sample = file.read_sample()
    delimiter_line = next(split_lines(sample), "")
    if re.fullmatch(r"sep=.\s*", delimiter_line):  # as Excel writes it above the table
        delimiter = file.options.delimiter or delimiter_line[len("sep=")]
        file = replace(file, options=replace(file.options, delimiter=delimiter), skipped_lines=1)
        sample = sample[len(delimiter_line) :]
    dialect = find_dialect(sample, file.options)
    check_column_count(file.name, len(next(dialect.reader(islice(split_lines(sample), 1), False), [])))
    if not dialect.quote:
        return _parse(file, dialect, False, parse)
    try:
        return _parse(file, dialect, True, parse)
    except csv.Error as error:
        problem = str(error)
    fallbacks = [] if dialect.escape else [Dialect(dialect.delimiter, dialect.quote, "\\")]
    unquoted = Dialect(dialect.delimiter, "")
    if file.options.quote is None and score_dialect(sample, unquoted).evenness >= _MIN_UNQUOTED_EVENNESS:
        fallbacks.append(unquoted)
    for fallback in fallbacks:
        try:
            with open_records(file, fallback, strict=True) as records:
                parsed = parse(records)
        except (csv.Error, DataError):
            continue
        if fallback.quote or not records.has_quoted_column():
            return parsed
    if "unexpected end" in problem:
        raise DataError(
            f"{file.name} cannot be read as a table: a quotation mark is opened and never closed.",
            "Find and close it, or choose that quotation marks are part of the texts.",
        )
    return _parse(file, dialect, False, parse)


def _parse(file: DelimitedFile, dialect: Dialect, strict: bool, parse: Callable[[Records], T]) -> T:
    with open_records(file, dialect, strict) as records:
        return parse(records)


def _read_records(reader: CsvReader, name: str) -> Iterator[Record]:
    """The records that are not blank, each with the number of its last line."""
    try:
        for record in reader:
            if record and (len(record) > 1 or record[0].strip()):
                yield reader.line_num, record
    except csv.Error as error:
        if "field larger" in str(error):
            check_cell_length(name, MAX_CELL_CHARACTERS + 1)
        raise


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
    return Table(
        frame=frame_from_arrow(builder.columns(), records.names),
        name=records.file.name,
        encoding=records.file.encoding.removesuffix("-sig"),
        delimiter=records.dialect.delimiter,
        quote=records.dialect.quote,
        header=records.shape.header,
        unreadable=tuple(builder.unreadable),
    )


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
