"""Excel files as tables of strings."""

import io
import zipfile
from collections.abc import Sequence
from typing import Any

import openpyxl

from core.data.budget import spend_bytes, spend_cells
from core.data.reading.sheets import find_table, table_size
from core.data.table import (
    Table,
    cell_text,
    check_cell_length,
    check_column_count,
    column_names,
    frame_from_strings,
)
from core.errors import DataError, LimitError

_MAX_ROWS = 1_048_576
_MIN_SIZE_SHARE = 0.3


def read_excel(data: bytes, name: str, sheet: str | None, header: bool | None) -> Table:
    """The table in a sheet of an .xlsx file; the first sheet with a table if none is named.

    Raises:
        DataError: the file cannot be opened, or the sheet is missing or empty.
        LimitError: the file unpacks to too much, or has too many cells.
    """
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        spend_bytes(sum(info.file_size for info in archive.infolist() if info.filename.endswith((".xml", ".rels"))))
    try:
        book = openpyxl.load_workbook(io.BytesIO(data), read_only=True, data_only=True)
    except Exception as error:  # openpyxl raises errors of many types for damaged files
        raise DataError(f"{name} cannot be opened as an Excel file.", "Save it again as .xlsx, or as CSV.") from error
    sheets = tuple(sheet.title for sheet in book.worksheets)
    if sheet is not None and sheet not in sheets:
        raise DataError(f"{name} has no sheet {sheet!r}.", f"Its sheets are: {', '.join(sheets)}.")
    chosen, records = _find_sheet(book, [sheet] if sheet else sheets, name)
    if not records:
        raise DataError(f"{name} has no data in any sheet.", "Put the texts and labels into the first sheet.")
    table = find_table(records, header)
    width = max(map(len, table.rows or [table.names or []]))
    columns = [[row[i] for row in table.rows] for i in range(width)]
    frame = frame_from_strings(columns, column_names(table.names, width))
    return Table(
        frame,
        name,
        format="Excel",
        header=table.names is not None,
        sheets=sheets,
        sheet=chosen,
        unreadable=table.aside,
    )


def _find_sheet(book: Any, sheets: Sequence[str], name: str) -> tuple[str, list[list[str]]]:
    """The first sheet with a table of about the size of the largest one, and its records; cover sheets come before it."""
    read = {title: _read_records(book[title], name) for title in sheets}
    largest = max(map(table_size, read.values()), default=0)
    for title, records in read.items():
        if records and table_size(records) >= _MIN_SIZE_SHARE * largest:
            return title, records
    return "", []


def _read_records(sheet: Any, name: str) -> list[list[str]]:
    """The rows of a sheet that are not empty, without trailing empty cells."""
    records = []
    sheet.reset_dimensions()  # a sheet can declare fewer rows or columns than it has, or far more
    for number, row in enumerate(sheet.iter_rows(values_only=True), start=1):
        if number > _MAX_ROWS:
            raise LimitError(
                f"{name} has a sheet of more than {_MAX_ROWS:,} rows, more than Excel allows.", "Save it as CSV."
            )
        spend_cells(len(row))
        record = [cell_text(value) for value in row]
        while record and not record[-1].strip():
            record.pop()
        if record:
            check_column_count(name, len(record))
            check_cell_length(name, max(map(len, record)))
            records.append(record)
    return records
