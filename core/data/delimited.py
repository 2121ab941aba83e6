"""Delimited text -> :class:`~core.data.table.Table`: which character separates, which quotes, whether line 1 is a header.

A dialect is judged by how evenly it splits the records. Quotation marks count as quoting only where the file obeys its own
rules: in many files of tweets and messages they are text, and a reader that trusts them swallows whole rows.
"""

import csv
import io
import re
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from itertools import islice
from typing import Any

import pyarrow as pa

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
from core.jobs.events import OnProgress

DELIMITERS = {",": "comma", "\t": "tab", ";": "semicolon", "|": "pipe"}
_NEVER_WRITTEN = "\x1f"
_SAMPLE_CHARACTERS = 200_000
_SAMPLE_RECORDS = 2_000
# Share of records that must have the same number of columns before a character counts as the delimiter.
_EVEN_ENOUGH = 0.5
_ALL_BUT_EVEN = 0.98
# More short or long rows than this are the file's habit, not its damage: they are filled up or widened.
_HABIT = 0.05
_QUOTED_COLUMN = 0.5
_CHUNK_ROWS = 50_000
_MAX_UNREADABLE = 10_000
_HEADER_CHARACTERS = 60
_NAMES = re.compile(
    r"\s*(id|index|idx|no|nr|text|texts|message|sentence|review|comment|content|body|title|question|tweet|description|ticket|"
    r"utterance|abstract|label|labels|category|class|target|intent|topic|tag|tags|score|rating|stars|sentiment|emotion|type|"
    r"split|date|time|name|value|v\d+|col\w*|\w+[_ ](id|text|label|labels|name|class|category|score))\s*",
    re.IGNORECASE,
)

csv.field_size_limit(MAX_CELL_CHARACTERS)
CsvReader = Any  # what csv.reader returns has no name one could import


@dataclass(frozen=True)
class Dialect:
    """How records are written; ``quote`` is empty where quotation marks are text; ``escape`` is a backslash or empty."""

    delimiter: str
    quote: str = '"'
    escape: str = ""

    def reader(self, lines: Iterator[str], strict: bool) -> CsvReader:
        """A csv reader of this dialect; a strict one raises where quoting is broken."""
        options: dict[str, Any] = {"delimiter": self.delimiter or _NEVER_WRITTEN, "strict": strict}
        if self.quote:
            options |= {"quotechar": self.quote, "doublequote": not self.escape, "escapechar": self.escape or None}
        else:
            options |= {"quoting": csv.QUOTE_NONE}
        return csv.reader(lines, **options)


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
    check_width(name, len(next(dialect.reader(iter([sample.split("\n", 1)[0]]), False), [])))

    def parse(chosen: Dialect, strict: bool) -> Table:
        return _parse(data, name, encoding, chosen, strict, options.header, skipped > 0, on_progress)

    return _first_that_fits(parse, dialect, sample, options, name)


def find_dialect(sample: str, options: ReadOptions) -> Dialect:
    """The dialect that splits the sample's records most evenly; the delimiter is empty where every record has one cell."""
    delimiters = [options.delimiter] if options.delimiter else list(DELIMITERS)
    quotes = [options.quote] if options.quote is not None else ["'", '"', ""]
    best, best_score = None, (0.0, 0.0)
    for delimiter in delimiters:
        for quote in quotes:
            dialect = Dialect(delimiter, quote)
            if quote == "'" and options.quote is None and not _looks_quoted(sample, dialect):
                continue
            evenness, obedience = _evenness(sample, dialect)
            if quote == "'" and obedience < 1:
                continue
            score = (round(evenness, 2), obedience)
            if score > best_score and (evenness >= _EVEN_ENOUGH or options.delimiter):
                best, best_score = dialect, score
    if best is None:
        # No even rows: the first line decides, and reading says what is wrong.
        first_line = sample.lstrip().split("\n", 1)[0]
        delimiter = max(DELIMITERS, key=first_line.count)
        return Dialect(
            delimiter if delimiter in first_line else "", options.quote if options.quote is not None else '"'
        )
    return best


def _evenness(sample: str, dialect: Dialect) -> tuple[float, float]:
    """Share of records with the most frequent number of cells (0 if that is 1), and 1 if quoting was obeyed, else 0."""
    whole = len(sample) < _SAMPLE_CHARACTERS
    for strict in (True, False):
        widths: list[int] = []
        try:
            for record in islice(dialect.reader(iter(sample.splitlines(keepends=True)), strict), _SAMPLE_RECORDS):
                if record:
                    widths.append(len(record))
        except csv.Error as error:
            # The sample may end inside a quoted cell; the file does not.
            if strict and (whole or "unexpected end" not in str(error)):
                continue
        width, count = Counter(widths).most_common(1)[0] if widths else (0, 0)
        return (count / len(widths) if width > 1 else 0.0), float(strict)
    return 0.0, 0.0


def _looks_quoted(sample: str, dialect: Dialect) -> bool:
    """Whether in some column most cells begin and end with the quotation mark."""
    rows = [line.rstrip("\r\n").split(dialect.delimiter) for line in sample.splitlines()[1:200]]
    quoted: Counter[int] = Counter()
    for row in rows:
        quoted.update(
            i for i, cell in enumerate(row) if len(cell) > 1 and cell[0] == dialect.quote and cell[-1] == dialect.quote
        )
    return bool(quoted) and quoted.most_common(1)[0][1] >= _QUOTED_COLUMN * len(rows)


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
    attempts = [Dialect(dialect.delimiter, dialect.quote, "\\")]
    unquoted = Dialect(dialect.delimiter, "")
    if options.quote is None and _evenness(sample, unquoted)[0] >= _ALL_BUT_EVEN:
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
        cells = table.frame[column].head(_SAMPLE_RECORDS)
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
    first = list(islice(records, _SAMPLE_RECORDS))
    if not first:
        raise DataError(f"{name} is empty.", "Choose a file with a header line and at least one row.")
    shape = _Shape.of([record for _, record in first], header)
    check_width(name, shape.width)
    builder = _Builder(shape.width, shape.fill, shape.widen)
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
        if named and len(names) == width - 1:
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
                self._set_aside(line, record)
                return
        self._pending.append(record)
        self.rows += 1
        if len(self._pending) == _CHUNK_ROWS:
            self._flush()

    def columns(self) -> list[pa.ChunkedArray]:
        """All that was taken in."""
        self._flush()
        return [pa.chunked_array(chunks, type=pa.large_string()) for chunks in self._chunks]

    def _set_aside(self, line: int, record: list[str]) -> None:
        if len(self.unreadable) >= _MAX_UNREADABLE:
            raise DataError(
                f"More than {_MAX_UNREADABLE:,} rows do not have the {self.width} columns of the others.",
                "Choose another delimiter or other quotation marks.",
            )
        found = f"{len(record)} column{'s' if len(record) != 1 else ''} where {self.width} were expected"
        self.unreadable.append(UnreadableRow.of(line, found, " ⎮ ".join(record)))

    def _flush(self) -> None:
        for chunks, cells in zip(self._chunks, zip(*self._pending, strict=True), strict=False):
            chunks.append(pa.array(cells, type=pa.large_string()))
        self._pending.clear()


def _trimmed(record: list[str], width: int) -> list[str]:
    """The record without empty cells beyond ``width``."""
    while len(record) > width and not record[-1].strip():
        record = record[:-1]
    return record


def guess_header(records: list[list[str]]) -> bool:
    """Whether the first record names the columns: telling names, or short words unlike the cells below them."""
    first, rows = records[0], records[1:_SAMPLE_RECORDS]
    cells = [cell.strip() for cell in first]
    if not rows:
        return any(_NAMES.fullmatch(cell) for cell in cells)
    if any(_is_number(cell) for cell in cells) or any(len(cell) > _HEADER_CHARACTERS for cell in cells):
        return False
    if any(_NAMES.fullmatch(cell) for cell in cells):
        return True
    for position, cell in enumerate(cells):
        below = [row[position].strip() for row in rows if position < len(row)]
        if cell and cell in below:
            return False
    return len(set(cells)) == len(cells) and all(cells)


def _is_number(cell: str) -> bool:
    try:
        float(cell)
    except ValueError:
        return False
    return True


def _head(data: bytes, encoding: str) -> str:
    """The beginning of the text, at most ``_SAMPLE_CHARACTERS`` and whole characters only."""
    return io.TextIOWrapper(io.BytesIO(data), encoding=encoding, errors="replace", newline="").read(_SAMPLE_CHARACTERS)


def _excel_hint(head: str) -> tuple[str, int]:
    """The line ``sep=;`` that spreadsheets write above a table, and how many characters to skip for it."""
    line = head.split("\n", 1)[0]
    is_hint = bool(re.fullmatch(r"sep=.\r?", line))
    return line, len(line) + 1 if is_hint else 0
