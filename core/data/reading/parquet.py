"""Parquet files as tables of strings, or in parts with the types of their columns.

The file's metadata says how many rows and bytes it has, and it can lie: a dictionary that holds one long string makes gigabytes
of 500 bytes. So text columns are read as dictionaries, and the size of a batch is known before its strings are made.
"""

import io
import json
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any, BinaryIO

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from core.data.budget import spend_bytes, spend_cells
from core.data.table import (
    Table,
    cell_text,
    check_cell_length,
    check_column_count,
    column_names,
    frame_from_arrow,
    string_array,
)
from core.errors import DataError, LimitError
from core.formatting import pluralize

_BATCH_ROWS = 50_000
_BATCH_BYTES = 8_000_000
_MAX_TEXT_BYTES = 32_000_000
# A character has at most this many bytes in UTF-8.
_MAX_CHARACTER_BYTES = 4
_BUFFER_BYTES = 1 << 20
_MAX_TINY_GROUPS, _MIN_GROUP_ROWS = 2_000, 100


def read_parquet(data: bytes, name: str) -> Table:
    """The table in a Parquet file; class ids are replaced by class names where the file's metadata has them.

    Raises:
        DataError: the file cannot be read.
        LimitError: it has too many columns, rows or bytes.
    """
    file = ParquetStream(io.BytesIO(data), name)
    chunks: list[list[pa.Array]] = [[] for _ in file.columns]
    for batch in file.batches(_BATCH_ROWS):
        for column, cells in zip(chunks, batch.columns, strict=True):
            column.append(_text_cells(cells))
    columns = [pa.chunked_array(column, type=pa.large_string()) for column in chunks]
    return Table(frame_from_arrow(columns, file.columns), name, format="Parquet")


class ParquetStream:
    """A Parquet file of any size: the names of its columns, the number of its rows, and the rows by iteration.

    Raises:
        DataError: the file cannot be read.
        LimitError: it has too many columns, or too many small row groups.
    """

    def __init__(self, source: BinaryIO, name: str) -> None:
        self._name = name
        with _reading_errors(name):
            # Without the buffer, and with pre_buffer, whole row groups are held in memory; a file may have only one.
            options: dict[str, Any] = {"pre_buffer": False, "buffer_size": _BUFFER_BYTES}
            schema = pq.ParquetFile(source, **options).schema_arrow
            texts = [field.name for field in schema if _is_text(field.type)]
            source.seek(0)
            self._file = pq.ParquetFile(source, read_dictionary=texts, **options)
        self._schema = schema
        groups, self.rows = self._file.num_row_groups, int(self._file.metadata.num_rows)
        if groups > _MAX_TINY_GROUPS and self.rows < _MIN_GROUP_ROWS * groups:
            raise LimitError(
                f"{name} has {groups:,} row groups of a few rows each, which takes too long to read.",
                "Write it again with larger row groups, or save it as CSV.",
            )
        check_column_count(name, len(schema.names))
        self.columns = column_names(schema.names, len(schema.names))
        self._class_names = _class_names(schema)

    def batches(self, max_rows: int) -> Iterator[pa.Table]:
        """The rows in tables of at most ``max_rows`` rows and few megabytes.

        Columns have their own types; class ids become class names.

        Raises:
            DataError: the file is damaged, or does not have the rows that it declares.
        """
        read = 0
        bytes_per_row = _unpacked_bytes(self._file) / max(1, self.rows)
        size = max(1, min(max_rows, int(_BATCH_BYTES / max(1.0, bytes_per_row))))
        with _reading_errors(self._name):
            for batch in self._file.iter_batches(batch_size=size, use_threads=False):
                for rows in self._affordable_parts(batch):
                    columns = [
                        _repair(column, field.type, self._class_names.get(field.name))
                        for field, column in zip(self._schema, rows.columns, strict=True)
                    ]
                    read += rows.num_rows
                    yield pa.table(columns, names=self.columns)
        if read != self.rows:
            raise DataError(
                f"{self._name} declares {pluralize(self.rows, 'row')} and has {read:,}.", "Write the file again."
            )

    def _affordable_parts(self, batch: pa.RecordBatch) -> Iterator[pa.RecordBatch]:
        """The rows of a batch, one part or several; the strings of a part are at most some megabytes, or of a single row."""
        text_bytes = sum(_dictionary_bytes(column, self._name) for column in batch.columns if _is_encoded(column))
        spend_bytes(batch.nbytes + text_bytes)
        parts = min(batch.num_rows, 1 + text_bytes // _MAX_TEXT_BYTES)
        rows = -(-batch.num_rows // max(1, parts))
        for first in range(0, batch.num_rows, max(1, rows)):
            yield batch.slice(first, rows)


def _is_text(kind: pa.DataType) -> bool:
    return bool(pa.types.is_string(kind) or pa.types.is_large_string(kind) or pa.types.is_binary(kind))


def _is_encoded(column: pa.Array) -> bool:
    return bool(pa.types.is_dictionary(column.type) and _is_text(column.type.value_type))


def _dictionary_bytes(column: pa.DictionaryArray, name: str) -> int:
    """The bytes of the strings of a dictionary-encoded column.

    Raises:
        LimitError: a string is too long.
    """
    lengths = pc.binary_length(column.dictionary).cast(pa.int64())
    check_cell_length(name, (pc.max(lengths).as_py() or 0) // _MAX_CHARACTER_BYTES)
    return int(pc.sum(lengths.take(column.indices)).as_py() or 0)


def _text_cells(cells: pa.ChunkedArray) -> pa.Array:
    """The cells of a column as text; a missing cell is empty."""
    if pa.types.is_string(cells.type) or pa.types.is_large_string(cells.type):
        spend_cells(len(cells))
        return pa.concat_arrays(cells.cast(pa.large_string()).fill_null("").chunks)
    try:
        values = cells.to_pylist()
    except (ValueError, OverflowError):  # a date that Python does not have
        values = cells.cast(pa.large_string()).to_pylist()
    return string_array([cell_text(value) for value in values])


def _repair(column: pa.Array, kind: pa.DataType, class_names: Sequence[str] | None) -> pa.Array:
    """The column with names instead of class ids, and with valid UTF-8; texts have the type that the file declares."""
    if class_names:
        return string_array([cell_text(value, class_names) for value in column.to_pylist()])
    if _is_encoded(column):
        column = column.cast(kind if _is_text(kind) else kind.value_type)
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
    except (KeyError, TypeError, ValueError, RecursionError):
        return {}
    names = {
        column: feature.get("names")
        for column, feature in (features.items() if isinstance(features, dict) else ())
        if isinstance(feature, dict)
    }
    return {
        column: of_column
        for column, of_column in names.items()
        if isinstance(of_column, list) and all(isinstance(name, str) for name in of_column)
    }
