"""Parquet files as tables of strings."""

import io
import json

import pyarrow as pa
import pyarrow.parquet as pq

from core.data.table import (
    MAX_UNPACKED_BYTES,
    Table,
    cell_text,
    check_column_count,
    column_names,
    frame_from_strings,
)
from core.errors import DataError, LimitError


def read_parquet(data: bytes, name: str) -> Table:
    """The table in a Parquet file; class ids are replaced by class names where the file's metadata has them.

    Raises:
        DataError: the file cannot be read.
        LimitError: it has too many columns or unpacks to more than ``MAX_UNPACKED_BYTES``.
    """
    try:
        file = pq.ParquetFile(io.BytesIO(data))
        groups = [file.metadata.row_group(i) for i in range(file.metadata.num_row_groups)]
        check_column_count(name, len(file.schema_arrow.names))
        if sum(group.total_byte_size for group in groups) > MAX_UNPACKED_BYTES:
            raise LimitError(
                f"{name} unpacks to more than {MAX_UNPACKED_BYTES // 10**9} GB.", "Split it into several files."
            )
        table = file.read()
    except (pa.ArrowException, OSError) as error:
        raise DataError(f"{name} cannot be read as a Parquet file.", "Write it again, or save it as CSV.") from error
    class_names = _class_names(table.schema)
    columns = []
    for column in table.column_names:
        names = class_names.get(column)
        columns.append([cell_text(value, names) for value in table[column].to_pylist()])
    return Table(frame_from_strings(columns, column_names(table.column_names, len(columns))), name, format="Parquet")


def _class_names(schema: pa.Schema) -> dict[str, list[str]]:
    """Class names by column, as the ``datasets`` library writes them into the metadata of a file."""
    try:
        features = json.loads((schema.metadata or {})[b"huggingface"])["info"]["features"]
    except (KeyError, ValueError):
        return {}
    return {
        column: feature["names"]
        for column, feature in features.items()
        if isinstance(feature, dict) and "names" in feature
    }
