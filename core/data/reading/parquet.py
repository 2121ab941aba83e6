"""Parquet files as tables of strings, or in parts with the types of their columns."""

import io
import json
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import BinaryIO

import pyarrow as pa
import pyarrow.parquet as pq

from core.data.table import (
    MAX_UNPACKED_BYTES,
    Table,
    cell_text,
    check_column_count,
    column_names,
    frame_from_strings,
    string_array,
)
from core.errors import DataError, LimitError

_BATCH_BYTES = 8_000_000
_BUFFER_BYTES = 1 << 20


def read_parquet(data: bytes, name: str) -> Table:
    """The table in a Parquet file; class ids are replaced by class names where the file's metadata has them.

    Raises:
        DataError: the file cannot be read.
        LimitError: it has too many columns or unpacks to more than ``MAX_UNPACKED_BYTES``.
    """
    with _reading_errors(name):
        file = pq.ParquetFile(io.BytesIO(data))
        check_column_count(name, len(file.schema_arrow.names))
        if _unpacked_bytes(file) > MAX_UNPACKED_BYTES:
            raise LimitError(
                f"{name} unpacks to more than {MAX_UNPACKED_BYTES // 10**9} GB.", "Split it into several files."
            )
        table = file.read()
    class_names = _class_names(table.schema)
    columns = [
        [cell_text(value, class_names.get(column)) for value in table[position].to_pylist()]
        for position, column in enumerate(table.column_names)
    ]
    return Table(frame_from_strings(columns, column_names(table.column_names, len(columns))), name, format="Parquet")


class ParquetStream:
    """A Parquet file of any size: the names of its columns, the number of its rows, and the rows by iteration.

    Raises:
        DataError: the file cannot be read.
        LimitError: it has too many columns.
    """

    def __init__(self, source: BinaryIO, name: str) -> None:
        self._name = name
        with _reading_errors(name):
            # Without the buffer, and with pre_buffer, whole row groups are held in memory; a file may have only one.
            self._file = pq.ParquetFile(source, pre_buffer=False, buffer_size=_BUFFER_BYTES)
        schema = self._file.schema_arrow
        check_column_count(name, len(schema.names))
        self.columns = column_names(schema.names, len(schema.names))
        self.rows: int = self._file.metadata.num_rows
        self._class_names = _class_names(schema)

    def batches(self, max_rows: int) -> Iterator[pa.Table]:
        """The rows in tables of at most ``max_rows`` rows and few megabytes.

        Columns have their own types; class ids become class names.
        """
        bytes_per_row = _unpacked_bytes(self._file) / max(1, self.rows)
        size = max(1, min(max_rows, int(_BATCH_BYTES / max(1.0, bytes_per_row))))
        with _reading_errors(self._name):
            for batch in self._file.iter_batches(batch_size=size, use_threads=False):
                columns = [
                    _repair(column, self._class_names.get(name))
                    for name, column in zip(batch.schema.names, batch.columns, strict=True)
                ]
                yield pa.table(columns, names=self.columns)


def _repair(column: pa.Array, class_names: Sequence[str] | None) -> pa.Array:
    """The column with names instead of class ids, and with valid UTF-8."""
    if class_names:
        return string_array([cell_text(value, class_names) for value in column.to_pylist()])
    if not (pa.types.is_string(column.type) or pa.types.is_large_string(column.type)):
        return column
    try:
        column.validate(full=True)
    except pa.ArrowInvalid:
        cells = column.cast(pa.large_binary()).to_pylist()
        texts = [None if cell is None else cell.decode("utf-8", "replace") for cell in cells]
        return pa.array(texts, type=column.type)
    return column


def _unpacked_bytes(file: pq.ParquetFile) -> int:
    return sum(file.metadata.row_group(i).total_byte_size for i in range(file.metadata.num_row_groups))


@contextmanager
def _reading_errors(name: str) -> Iterator[None]:
    try:
        yield
    except (pa.ArrowException, OSError) as error:
        raise DataError(f"{name} cannot be read as a Parquet file.", "Write it again, or save it as CSV.") from error


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
