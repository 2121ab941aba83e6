"""JSON, JSON Lines, Excel and Parquet -> :class:`~core.data.table.Table`. Every cell becomes the text a person would write."""

import io
import json
import zipfile
from collections.abc import Sequence
from datetime import date, datetime
from typing import Any

import openpyxl
import pyarrow as pa
import pyarrow.parquet as pq

from core.data.table import (
    MAX_UNPACKED_BYTES,
    Table,
    UnreadableRow,
    check_cell,
    check_width,
    column_names,
    frame_of,
)
from core.errors import DataError, LimitError

SPLIT_COLUMN = "split"
_SPLIT_NAMES = {"train", "training", "validation", "valid", "val", "dev", "test", "testing"}


def read_json(text: str, name: str) -> Table:
    """A JSON document: a list of objects or lists, an object of columns, or an object of splits that hold such lists.

    Raises:
        DataError: it is no valid JSON, or no table can be seen in it.
    """
    try:
        document = json.loads(text)
    except (ValueError, RecursionError) as error:
        raise DataError(f"{name} is not valid JSON: {error}.", "Mend it, or save the table as CSV.") from error
    if isinstance(document, dict):
        document = _unwrapped(document)
    if isinstance(document, list):
        return _from_items(document, name, "JSON")
    raise DataError(
        f"{name} holds JSON, but no table can be seen in it.",
        'Expected a list of objects such as [{"text": "…", "label": "…"}].',
    )


def read_json_lines(text: str, name: str) -> Table:
    """One JSON object or list a line; lines that are neither are set aside.

    Raises:
        DataError: no line could be read.
    """
    items: list[Any] = []
    unreadable: list[UnreadableRow] = []
    for number, line in enumerate(text.split("\n"), start=1):
        if not line.strip():
            continue
        try:
            item = json.loads(line)
        except (ValueError, RecursionError):
            item = None
        if isinstance(item, dict | list):
            items.append(item)
        else:
            unreadable.append(UnreadableRow.of(number, "not a JSON object", line))
    if not items:
        raise DataError(
            f"{name} has no line that is a JSON object.", 'Expected lines such as {"text": "…", "label": "…"}.'
        )
    return _from_items(items, name, "JSON Lines", unreadable)


def _unwrapped(document: dict[str, Any]) -> Any:
    """The list of rows inside an object: splits, columns, or the one list it holds."""
    values = list(document.values())
    if document and all(key.lower() in _SPLIT_NAMES for key in document) and all(isinstance(v, list) for v in values):
        return [_with_split(item, split) for split, items in document.items() for item in items]
    if len(values) >= 2 and all(isinstance(value, list) for value in values) and len({len(v) for v in values}) == 1:
        return [dict(zip(document, cells, strict=True)) for cells in zip(*values, strict=True)]
    if len(values) >= 2 and all(isinstance(value, dict) for value in values):
        if len({tuple(value) for value in values}) == 1:  # {"text": {"0": …}, "label": {"0": …}}, as pandas writes it
            return [{key: document[key][row] for key in document} for row in values[0]]
        return None
    lists = [value for value in values if isinstance(value, list) and value and isinstance(value[0], dict | list)]
    return lists[0] if len(lists) == 1 else None


def _with_split(item: Any, split: str) -> Any:
    if isinstance(item, dict):
        return item | {SPLIT_COLUMN: split}
    return [*item, split] if isinstance(item, list) else item


def _from_items(items: list[Any], name: str, form: str, unreadable: Sequence[UnreadableRow] = ()) -> Table:
    set_aside = list(unreadable)
    rows: list[dict[str, str]] = []
    names: dict[str, None] = {}
    for number, item in enumerate(items, start=1):
        if isinstance(item, list):
            item = {f"column {i}": cell for i, cell in enumerate(item, start=1)}
        if not isinstance(item, dict):
            set_aside.append(UnreadableRow.of(number, "not an object", as_cell(item)))
            continue
        row = {str(key): as_cell(value) for key, value in item.items()}
        names.update(dict.fromkeys(row))
        check_width(name, len(names))
        rows.append(row)
    if not rows:
        raise DataError(f"{name} holds no rows.", 'Expected a list of objects such as [{"text": "…", "label": "…"}].')
    columns = [[row.get(key, "") for row in rows] for key in names]
    check_cell(name, max((len(cell) for column in columns for cell in column), default=0))
    frame = frame_of(columns, column_names(names, len(names)))
    return Table(frame, name, form=form, header=isinstance(items[0], dict), unreadable=tuple(set_aside))


def as_cell(value: Any) -> str:
    """A value as the text of a cell: text as it is, nothing as an empty cell, whole numbers without a point, the rest as JSON."""
    if value is None:
        return ""
    if isinstance(value, str):
        return value
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, float) and value.is_integer():
        return str(int(value))
    if isinstance(value, int | float):
        return str(value)
    if isinstance(value, datetime | date):
        return value.isoformat(" ") if isinstance(value, datetime) else value.isoformat()
    return json.dumps(value, ensure_ascii=False, default=str)


def read_excel(data: bytes, name: str, sheet: str | None, header: bool | None) -> Table:
    """A sheet of an .xlsx file: the first with anything in it unless one is named.

    Raises:
        DataError: it cannot be opened, or the sheet is missing or empty.
        LimitError: it would unpack to more than ``MAX_UNPACKED_BYTES``.
    """
    from core.data.delimited import guess_header

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
    records = [record + [""] * (width - len(record)) for record in records]
    named = guess_header(records) if header is None else header
    rows = records[1:] if named else records
    columns = [[row[i] for row in rows] for i in range(width)]
    frame = frame_of(columns, column_names(records[0] if named else None, width))
    return Table(frame, name, form="Excel", header=named, sheets=sheets)


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


def read_parquet(data: bytes, name: str) -> Table:
    """A Parquet file; numbers of a class are replaced by its name where the file says what they stand for.

    Raises:
        DataError: it cannot be read.
        LimitError: it has too many columns or would unpack to more than ``MAX_UNPACKED_BYTES``.
    """
    try:
        file = pq.ParquetFile(io.BytesIO(data))
        groups = [file.metadata.row_group(i) for i in range(file.metadata.num_row_groups)]
        check_width(name, len(file.schema_arrow.names))
        if sum(group.total_byte_size for group in groups) > MAX_UNPACKED_BYTES:
            raise LimitError(
                f"{name} would unpack to more than {MAX_UNPACKED_BYTES // 10**9} GB.", "Split it into parts."
            )
        table = file.read()
    except (pa.ArrowException, OSError) as error:
        raise DataError(f"{name} cannot be read as a Parquet file.", "Write it again, or save it as CSV.") from error
    classes = _class_names(table.schema)
    columns = []
    for column in table.column_names:
        values = table[column].to_pylist()
        columns.append([_named(value, classes.get(column)) for value in values])
    return Table(frame_of(columns, column_names(table.column_names, len(columns))), name, form="Parquet")


def _class_names(schema: pa.Schema) -> dict[str, list[str]]:
    """Names of classes by column, as the ``datasets`` library writes them into a file's metadata."""
    try:
        features = json.loads((schema.metadata or {})[b"huggingface"])["info"]["features"]
    except (KeyError, ValueError):
        return {}
    return {
        column: feature["names"]
        for column, feature in features.items()
        if isinstance(feature, dict) and "names" in feature
    }


def _named(value: Any, names: list[str] | None) -> str:
    return names[value] if names and isinstance(value, int) and 0 <= value < len(names) else as_cell(value)
