"""Show how a file was read and let the visitor change it: encoding, delimiter, quotes, header, sheet, another reading."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Generic, TypeVar

import streamlit as st

from core.data.reading.encodings import ENCODINGS
from core.data.reading.files import DELIMITERS
from core.data.table import ReadOptions, Table
from core.formatting import pluralize
from core.jobs.events import OnProgress
from pages.shared.misreading import offer_alternative
from pages.shared.reading import read_once, stop_without_visitor

_QUOTES = {'"': 'quoted with "', "'": "quoted with '", "": "not quoted"}
_FIRST_ROWS = {True: "column names", False: "data"}
T = TypeVar("T")


@dataclass(frozen=True)
class Source(Generic[T]):
    """Something to read: a key that names its bytes, a name that is shown, and functions that read it.

    ``table`` returns the table in what ``read`` returns, and ``count`` the number of its rows. ``read_start`` reads the first
    rows; None if they cannot be read on their own.
    """

    key: str
    name: str
    read: Callable[[ReadOptions, OnProgress], T]
    table: Callable[[T], Table]
    count: Callable[[T], int]
    read_start: Callable[[ReadOptions, OnProgress], Table] | None = None


def read_with_options(source: Source[T]) -> tuple[T, ReadOptions] | None:
    """What is read with the options that the visitor chose so far, and these options; None after a cancellation."""
    key, start = source.key, source.read_start
    options = _choose_sheet(key, st.session_state.get(f"read-{key}", ReadOptions()))
    value = read_once((key, options), source.name, lambda on_progress: source.read(options, on_progress))
    if value is None:
        return None
    table = source.table(value)
    _remember_sheets(key, table)
    with st.expander(describe_reading(table, source.count(value))):
        chosen = _choose_options(key, table, options)
        if st.button("Read again", icon=":material/refresh:", disabled=chosen == options, key=f"again-{key}"):
            st.session_state[f"read-{key}"] = chosen
            st.rerun()
    read_start = (lambda other: start(other, stop_without_visitor)) if start else None
    if other := offer_alternative(key, table, options, read_start):
        st.session_state[f"read-{key}"] = other
        st.rerun()
    return value, options


def describe_reading(table: Table, rows: int) -> str:
    """How a table with so many rows was read, in one line."""
    parts = [f"{table.format}, sheet {table.sheet}" if len(table.sheets) > 1 else table.format]
    if table.encoding:
        parts.append(table.encoding)
    if table.delimiter:
        parts += [f"{DELIMITERS.get(table.delimiter, 'other')}-separated", _QUOTES.get(table.quote, "quoted")]
    parts.append("with header" if table.header else "no header")
    return f"{', '.join(parts)}: {pluralize(rows, 'row')} and {pluralize(len(table.frame.columns), 'column')}."


def _choose_sheet(key: str, options: ReadOptions) -> ReadOptions:
    """The options with the chosen sheet, where the file has several; it can be chosen also if a sheet cannot be read."""
    sheets = st.session_state.get(f"sheets-{key}", ())
    if len(sheets) < 2:
        return options
    current = options.sheet or st.session_state[f"sheet-read-{key}"]
    sheet = st.selectbox("Sheet", sheets, sheets.index(current) if current in sheets else 0, key=f"sheet-{key}")
    return replace(options, sheet=sheet) if options.sheet or sheet != current else options


def _remember_sheets(key: str, table: Table) -> None:
    """Keep the names of the sheets, and show them at once."""
    if len(table.sheets) > 1 and f"sheets-{key}" not in st.session_state:
        st.session_state[f"sheets-{key}"] = table.sheets
        st.session_state[f"sheet-read-{key}"] = table.sheet
        st.rerun()


def _choose_options(key: str, table: Table, options: ReadOptions) -> ReadOptions:
    left, middle, right, last = st.columns(4)
    encodings = list(dict.fromkeys([table.encoding, *ENCODINGS]))
    encoding = left.selectbox("Encoding", encodings, key=f"encoding-{key}", disabled=not table.encoding)
    delimiter, quote = table.delimiter, table.quote
    if table.format == "CSV":
        delimiters = list(dict.fromkeys([table.delimiter, *DELIMITERS]))
        delimiter = middle.selectbox(
            "Delimiter", delimiters, format_func=lambda d: DELIMITERS.get(d, "none"), key=f"delimiter-{key}"
        )
        quotes = list(dict.fromkeys([table.quote, *_QUOTES]))
        quote = right.selectbox("Quotes", quotes, format_func=_QUOTES.__getitem__, key=f"quote-{key}")
    first_rows = [table.header, not table.header]
    header = last.selectbox("First row", first_rows, format_func=_FIRST_ROWS.__getitem__, key=f"header-{key}")
    return ReadOptions(
        encoding=encoding if encoding != table.encoding else options.encoding,
        delimiter=delimiter if delimiter != table.delimiter else options.delimiter,
        quote=quote if quote != table.quote else options.quote,
        header=header if header != table.header else options.header,
        sheet=options.sheet,
    )
