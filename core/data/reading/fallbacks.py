"""Choose how the quotation marks of a delimited file are read: the best way for the sample may fail on the file."""

import csv
import re
from collections.abc import Callable, Iterator
from dataclasses import replace
from itertools import islice
from typing import TypeVar

from core.data.reading.dialects import Dialect, find_dialect, score_dialect, split_lines
from core.data.reading.records import DelimitedFile, Records, open_records
from core.data.table import check_column_count
from core.errors import DataError

_MIN_UNQUOTED_EVENNESS = 0.98
T = TypeVar("T")


def parse_with_fallbacks(file: DelimitedFile, parse: Callable[[Records], T]) -> T:
    """What ``parse`` returns for the records in the dialect of the file.

    The quoting must be valid, and cells with newlines must not look like rows that a stray quotation mark has swallowed.
    Otherwise backslash escapes are tried, then quotation marks as text, then lenient quoting.

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
    dialect = find_dialect(sample, file.options, file.may_be_list)
    check_column_count(file.name, len(next(dialect.reader(islice(split_lines(sample), 1), False), [])))
    if not dialect.quote:
        return _parse(file, dialect, False, parse)[0]
    attempt = _attempt_strict(file, dialect, parse)
    if isinstance(attempt, tuple) and (file.options.quote is not None or attempt[1].newlines.believed):
        return attempt[0]
    for fallback in _fallbacks(file, dialect, sample):
        try:
            parsed, records = _parse(file, fallback, True, parse)
        except (csv.Error, DataError):
            continue
        if records.newlines.believed if fallback.quote else not records.has_quoted_column():
            return parsed
    if isinstance(attempt, tuple):
        return attempt[0]
    if "unexpected end" in attempt:
        raise DataError(
            f"{file.name} cannot be read as a table: a quotation mark is opened and never closed.",
            "Find and close it, or choose that quotation marks are part of the texts.",
        )
    return _parse_leniently(file, dialect, parse)


def _fallbacks(file: DelimitedFile, dialect: Dialect, sample: str) -> Iterator[Dialect]:
    """The dialects to try where the quoting of the best one is invalid or swallows rows."""
    if not dialect.escape:
        yield replace(dialect, escape="\\")
    if file.options.quote is not None:
        return
    if dialect.quote != '"':
        yield replace(dialect, quote='"')
    unquoted = Dialect(dialect.delimiter, "")
    if not dialect.delimiter or score_dialect(sample, unquoted).evenness >= _MIN_UNQUOTED_EVENNESS:
        yield unquoted


def _attempt_strict(file: DelimitedFile, dialect: Dialect, parse: Callable[[Records], T]) -> tuple[T, Records] | str:
    """What ``parse`` returns for valid quoting; otherwise what is wrong with the quoting."""
    try:
        return _parse(file, dialect, True, parse)
    except csv.Error as error:
        return str(error)


def _parse_leniently(file: DelimitedFile, dialect: Dialect, parse: Callable[[Records], T]) -> T:
    """What ``parse`` returns for invalid quoting, or without quoting where that swallows rows."""
    parsed, records = _parse(file, dialect, False, parse)
    if records.newlines.believed or file.options.quote is not None:
        return parsed
    try:
        return _parse(file, Dialect(dialect.delimiter, ""), False, parse)[0]
    except DataError:
        return parsed


def _parse(file: DelimitedFile, dialect: Dialect, strict: bool, parse: Callable[[Records], T]) -> tuple[T, Records]:
    """What ``parse`` returns, and the records that it has read."""
    with open_records(file, dialect, strict) as records:
        return parse(records), records
