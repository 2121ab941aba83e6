"""Excel files as tables of strings."""

import io
import zipfile
from typing import Any

import openpyxl

from core.data.reading.dialects import guess_header, preamble
from core.data.table import (
    MAX_UNPACKED_BYTES,
    Table,
    UnreadableRow,
    as_cell,
    check_cell,
    check_width,
    column_names,
    frame_of,
)
from core.errors import DataError, LimitError


def read_excel(data: bytes, name: str, sheet: str | None, header: bool | None) -> Table:
    """A sheet of an .xlsx file: the first with anything in it unless one is named.

    Raises:
        DataError: it cannot be opened, or the sheet is missing or empty.
        LimitError: it would unpack to more than ``MAX_UNPACKED_BYTES``.
    """
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        if sum(member.file_size for member in archive.infolist()) > MAX_UNPACKED_BYTES:
            raise LimitError(f"{name} would unpack to more than {MAX_UNPACKED_BYTES // 10**9} GB.", "Save it as CSV.")
    try:
        book = openpyxl.load_workbook(io.BytesIO(data), read_only=True, data_only=True)
    except Exception as error:  # openpyxl raises whatever the broken part happens to raise
        raise DataError(f"{name} cannot be opened as an Excel file.", "Save it again as .xlsx, or as CSV.") from error
    sheets = tuple(book.sheetnames)
    if sheet is not None and sheet not in sheets:
        raise DataError(f"{name} has no sheet {sheet!r}.", f"Its sheets are: {', '.join(sheets)}.")
    records: list[list[str]] = []
    for candidate in [sheet] if sheet else sheets:
        records = _records_of(book[candidate], name)
        if records:
            break
    if not records:
        raise DataError(f"{name} has no sheet with anything in it.", "Put the texts and labels into the first sheet.")
    width = max(map(len, records))
    skipped = preamble(records)
    above = tuple(
        UnreadableRow.of(i, "stands above the table", " ⎮ ".join(row)) for i, row in enumerate(records[:skipped], 1)
    )
    records = [record + [""] * (width - len(record)) for record in records[skipped:]]
    named = guess_header(records) if header is None else header
    rows = records[1:] if named else records
    columns = [[row[i] for row in rows] for i in range(width)]
    frame = frame_of(columns, column_names(records[0] if named else None, width))
    return Table(frame, name, form="Excel", header=named, sheets=sheets, unreadable=above)


def _records_of(sheet: Any, name: str) -> list[list[str]]:
    """Rows of a sheet that are not blank, without the empty cells on their right."""
    records = []
    for row in sheet.iter_rows(values_only=True):
        record = [as_cell(value) for value in row]
        while record and not record[-1].strip():
            record.pop()
        if record:
            check_width(name, len(record))
            check_cell(name, max(map(len, record)))
            records.append(record)
    return records
