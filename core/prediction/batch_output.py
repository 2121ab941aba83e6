"""Tables of any size written as CSV, Parquet, JSON Lines or Excel, in constant memory."""

import json
import math
import re
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any, Literal

import pyarrow as pa
import pyarrow.parquet as pq
from openpyxl import Workbook
from openpyxl.cell import WriteOnlyCell
from openpyxl.cell.cell import ILLEGAL_CHARACTERS_RE

from core.data.table import cell_text
from core.errors import ConfigError, LimitError
from core.formatting import escape_formula

OutputFormat = Literal["csv", "parquet", "jsonl", "xlsx"]
FORMAT_TITLES: dict[OutputFormat, str] = {"csv": "CSV", "parquet": "Parquet", "jsonl": "JSON Lines", "xlsx": "Excel"}
_SUFFIXES: dict[str, OutputFormat] = {
    "": "csv",
    ".csv": "csv",
    ".parquet": "parquet",
    ".jsonl": "jsonl",
    ".ndjson": "jsonl",
    ".xlsx": "xlsx",
}
_EXCEL_ROWS = 1_048_576
_EXCEL_CHARACTERS = 32_767
_ROW_GROUP_ROWS, _ROW_GROUP_BYTES = 50_000, 32_000_000
_NEEDS_QUOTES = re.compile('[,"\r\n]')


def output_format_of(path: Path) -> OutputFormat:
    """The format that the name of a file asks for; CSV for a name without an extension.

    Raises:
        ConfigError: predictions cannot be written in this format.
    """
    output_format = _SUFFIXES.get(path.suffix.lower())
    if output_format is None:
        raise ConfigError(
            f"Predictions cannot be written as {path.suffix!r}.",
            "Choose a name that ends in .csv, .parquet, .jsonl or .xlsx.",
        )
    return output_format


def check_output_rows(output_format: OutputFormat, rows: int) -> None:
    """Refuse more rows than a file of the format can hold.

    Raises:
        LimitError: there are more.
    """
    if output_format == "xlsx" and rows >= _EXCEL_ROWS:
        raise LimitError(
            f"An Excel sheet holds up to {_EXCEL_ROWS - 1:,} rows below its header, found {rows:,}.",
            "Choose CSV, Parquet or JSON Lines.",
        )


def write_tables(path: Path, output_format: OutputFormat, tables: Iterable[pa.Table]) -> None:
    """Write tables of the same columns one below the other. Formulas in CSV and Excel are stored as text."""
    _WRITERS[output_format](path, tables)


def _write_csv(path: Path, tables: Iterable[pa.Table]) -> None:
    with path.open("w", encoding="utf-8-sig", newline="") as file:
        for number, table in enumerate(tables):
            if number == 0:
                file.write(",".join(map(_csv_text, table.column_names)) + "\n")
            columns = [_csv_cells(column) for column in table.columns]
            file.writelines(",".join(row) + "\n" for row in zip(*columns, strict=True))


def _csv_cells(column: pa.ChunkedArray) -> list[str]:
    cells = [cell_text(value) for value in column.to_pylist()]
    is_number = pa.types.is_integer(column.type) or pa.types.is_floating(column.type)
    return cells if is_number else [_csv_text(cell) for cell in cells]


def _csv_text(cell: str) -> str:
    text = str(escape_formula(cell))
    if _NEEDS_QUOTES.search(text):
        return '"' + text.replace('"', '""') + '"'
    return text


def _write_parquet(path: Path, tables: Iterable[pa.Table]) -> None:
    writer: pq.ParquetWriter | None = None
    pending: list[pa.Table] = []
    try:
        for table in tables:
            pending.append(table)
            writer = writer or pq.ParquetWriter(path, table.schema)
            rows, size = sum(part.num_rows for part in pending), sum(part.nbytes for part in pending)
            if rows >= _ROW_GROUP_ROWS or size >= _ROW_GROUP_BYTES:
                writer.write_table(pa.concat_tables(pending))
                pending.clear()
        if writer and pending:
            writer.write_table(pa.concat_tables(pending))
    finally:
        if writer:
            writer.close()


def _write_json_lines(path: Path, tables: Iterable[pa.Table]) -> None:
    with path.open("w", encoding="utf-8", newline="") as file:
        for table in tables:
            file.writelines(_json_line(row) + "\n" for row in table.to_pylist())


def _json_line(row: dict[str, Any]) -> str:
    """The row as JSON; null for numbers that JSON does not have, and text for dates and other types."""
    try:
        return json.dumps(row, ensure_ascii=False, default=str, allow_nan=False)
    except ValueError:
        return json.dumps(_without_nan(row), ensure_ascii=False, default=str)


def _without_nan(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _without_nan(item) for key, item in value.items()}
    if isinstance(value, list):
        return [_without_nan(item) for item in value]
    return None if isinstance(value, float) and not math.isfinite(value) else value


def _write_excel(path: Path, tables: Iterable[pa.Table]) -> None:
    """Write one sheet. Excel's cells are cut at 32,767 characters and hold no control characters."""
    book = Workbook(write_only=True)
    sheet = book.create_sheet("predictions")
    for number, table in enumerate(tables):
        if number == 0:
            sheet.append([_excel_cell(sheet, name) for name in table.column_names])
        for row in zip(*(column.to_pylist() for column in table.columns), strict=True):
            sheet.append([_excel_cell(sheet, value) for value in row])
    book.save(path)


def _excel_cell(sheet: Any, value: Any) -> Any:
    if value is None or isinstance(value, bool):
        return value
    if isinstance(value, int | float):
        return value if math.isfinite(value) else None
    text = ILLEGAL_CHARACTERS_RE.sub("", cell_text(value))[:_EXCEL_CHARACTERS]
    if not text.startswith("="):
        return text
    cell = WriteOnlyCell(sheet, text)
    cell.data_type = "s"  # not a formula
    return cell


_WRITERS: dict[OutputFormat, Callable[[Path, Iterable[pa.Table]], None]] = {
    "csv": _write_csv,
    "parquet": _write_parquet,
    "jsonl": _write_json_lines,
    "xlsx": _write_excel,
}
