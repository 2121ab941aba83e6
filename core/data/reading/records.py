"""The records of a delimited text file in one dialect, with their line numbers."""

import csv
import io
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import chain, islice
from typing import BinaryIO, cast

import pandas as pd

from core.data.reading.dialects import (
    LIST_SUFFIXES,
    QUOTED_COLUMN_SHARE,
    SAMPLE_CHARACTERS,
    SAMPLE_RECORDS,
    CsvReader,
    Dialect,
)
from core.data.reading.headers import Shape, count_preamble_rows
from core.data.reading.quoting import NewlineEvidence
from core.data.reading.sheets import count_survey_rows
from core.data.table import (
    MAX_CELL_CHARACTERS,
    ReadOptions,
    Table,
    check_cell_length,
    check_column_count,
    column_names,
)
from core.errors import DataError
from core.jobs.events import OnProgress

_PROGRESS_ROWS = 50_000
# A record with the number of its last line.
Record = tuple[int, list[str]]


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

    @property
    def may_be_list(self) -> bool:
        """Whether the file is a list of texts, one in each line, unless it has delimiters."""
        return self.name.lower().endswith(LIST_SUFFIXES)

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
        lines = dialect.reader(islice(text, file.skipped_lines, None), strict)
        is_list = file.may_be_list and not dialect.delimiter
        self._rest = _read_list(lines, file.name) if is_list else _read_records(lines, file.name)
        first = list(islice(self._rest, SAMPLE_RECORDS))
        if not first:
            raise DataError(f"{file.name} is empty.", "Choose a file with a header line and at least one row.")
        above = count_preamble_rows([record for _, record in first])
        self.shape = Shape.guess([record for _, record in first[above:]], file.options.header)
        check_column_count(file.name, self.shape.width)
        self.newlines = NewlineEvidence(dialect.delimiter, self.shape.width, self.shape.header)
        self.preamble = first[:above]
        survey = count_survey_rows([record for _, record in first[above:]]) if self.shape.header else 0
        self.preamble += first[above + 1 : above + 1 + survey]
        self._first_rows = first[above + self.shape.header + survey :]

    @property
    def names(self) -> list[str]:
        """The names of the columns."""
        return column_names(self.shape.names, self.shape.width)

    def describe(self, frame: pd.DataFrame) -> Table:
        """A table with these rows and with what was detected about the file."""
        return Table(
            frame,
            self.file.name,
            encoding=self.file.encoding.removesuffix("-sig"),
            delimiter=self.dialect.delimiter,
            quote=self.dialect.quote,
            header=self.shape.header,
        )

    def __iter__(self) -> Iterator[Record]:
        last = self._first_rows[0][0] if self._first_rows else 0
        for number, record in enumerate(chain(self._first_rows, self._rest), start=1):
            if record[0] > last + 1 or number == 1:
                self.newlines.add(record[1])
            last = record[0]
            self.newlines.records = number
            yield record
            if number % _PROGRESS_ROWS == 0:
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


def _read_list(reader: CsvReader, name: str) -> Iterator[Record]:
    """One record for each line, also for blank lines, so that predictions stay in step with the lines."""
    for record in reader:
        check_cell_length(name, sum(map(len, record)))
        yield reader.line_num, record or [""]


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
