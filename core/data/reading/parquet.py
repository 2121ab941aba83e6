"""Parquet files as tables of strings."""

import io
import json
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from core.data.table import MAX_UNPACKED_BYTES, Table, as_cell, check_width, column_names, frame_of
from core.errors import DataError, LimitError


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
