"""The options that say how a table is read and which of its columns matter, for all commands that read one."""

import argparse
from dataclasses import replace
from typing import get_args

from core.data.columns import ColumnChoice
from core.data.dates import DateOrder
from core.data.table import ReadOptions, Table
from core.errors import DataError
from core.task import TaskKind

_DELIMITERS = {"tab": "\t", "\\t": "\t", "comma": ",", "semicolon": ";", "pipe": "|", "space": " "}
_QUOTES = {"double": '"', '"': '"', "single": "'", "'": "'", "none": "", "": ""}


def add_reading_options(parser: argparse.ArgumentParser) -> None:
    """Add the options that say how a file is read."""
    parser.add_argument("--encoding", help="character encoding, such as utf-8 or cp1252 (default: detected)")
    parser.add_argument("--delimiter", help="tab, comma, semicolon, pipe or a character (default: detected)")
    parser.add_argument(
        "--quote", choices=list(_QUOTES), metavar="MARK", help="double, single or none (default: detected)"
    )
    parser.add_argument(
        "--header", action=argparse.BooleanOptionalAction, help="whether row 1 contains the column names"
    )
    parser.add_argument("--sheet", help="sheet of an Excel file (default: the first with a table)")


def add_column_options(parser: argparse.ArgumentParser) -> None:
    """Add the options that say what the columns are; the text and the label have options of their own."""
    parser.add_argument("--task", choices=get_args(TaskKind), help="kind of task (default: guessed)")
    parser.add_argument("--split", metavar="COL", help="column with train, validation and test (default: guessed)")
    parser.add_argument("--group", metavar="COL", help="column whose equal values stay in one split")
    parser.add_argument("--time", metavar="COL", help="column with times; the latest rows are for validation and test")
    parser.add_argument(
        "--date-order",
        choices=[order.replace(" ", "-") for order in get_args(DateOrder)],
        help="order of day and month in the column of times (default: detected)",
    )
    parser.add_argument(
        "--threshold", type=float, metavar="X", help="number from which on a label column gives its label"
    )


def read_options(options: argparse.Namespace) -> ReadOptions:
    """How a file is to be read."""
    delimiter = _DELIMITERS.get(options.delimiter, options.delimiter) if options.delimiter else None
    if delimiter is not None and len(delimiter) != 1:
        raise DataError(
            f"Expected one character as the delimiter, found {delimiter!r}.",
            f"Write the character, or one of {', '.join(_DELIMITERS)}.",
        )
    quote = None if options.quote is None else _QUOTES[options.quote]
    return ReadOptions(options.encoding, delimiter, quote, options.header, options.sheet)


def choose_columns(table: Table, options: argparse.Namespace, names: tuple[tuple[str, str], ...] = ()) -> ColumnChoice:
    """The columns and the task of a table, with guesses for what the options do not say.

    Raises:
        DataError: a column is missing.
    """
    from core.data.guessing import resolve_columns

    choice = resolve_columns(table, options.text, options.label, options.task, names)
    order: DateOrder | None = options.date_order and options.date_order.replace("-", " ")
    choice = replace(choice, group=options.group, time=options.time, date_order=order)
    if options.split:
        choice = replace(choice, split=options.split)
    if options.threshold is not None:
        choice = replace(choice, threshold=options.threshold)
    table.require_columns(choice.used_columns)
    return choice
