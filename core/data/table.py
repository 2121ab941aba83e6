"""The table that reading a file returns: string cells, and what was detected about the file."""

import json
from collections.abc import Container, Iterable, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd
import pyarrow as pa

from core.data.budget import spend_bytes, spend_cells, spend_rows
from core.errors import DataError, LimitError
from core.limits import host_limits

MAX_COLUMNS = 1_000
MAX_CELL_CHARACTERS = host_limits(shared=False).text_characters
_MAX_SHOWN_CHARACTERS = 200
_MAX_NAME_CHARACTERS = 300
STRING_DTYPE = pd.StringDtype(na_value=np.nan)
SPLIT_COLUMN = "split"
# The reason of an unreadable row that is no row of the table but a title or a comment above it.
ABOVE_TABLE = "above the table"
SPLIT_ALIASES = {"train": "train", "training": "train", "test": "test", "testing": "test", "val": "validation",
                 "valid": "validation", "validation": "validation", "dev": "validation"}  # fmt: skip
_CHUNK_ROWS = 10_000
# Arrow's own pool keeps freed memory, as much as a large table; the system's pool returns it.
pa.set_memory_pool(pa.system_memory_pool())
# The frame of a table whose rows are elsewhere.
NO_ROWS = pd.DataFrame()


@dataclass(frozen=True)
class ReadOptions:
    """How to read a file; None means detect. ``quote`` is '"', "'" or "" (quotation marks are part of the text)."""

    encoding: str | None = None
    delimiter: str | None = None
    quote: str | None = None
    header: bool | None = None
    sheet: str | None = None


DETECT = ReadOptions()


@dataclass(frozen=True)
class UnreadableRow:
    """A record that does not fit the table: its line or record number (from 1), the reason, and its content."""

    line: int
    reason: str
    content: str

    @classmethod
    def truncated(cls, line: int, reason: str, content: str) -> "UnreadableRow":
        """An unreadable row whose content is cut to a length that can be shown."""
        return cls(line, reason, content[:_MAX_SHOWN_CHARACTERS])


@dataclass(frozen=True)
class Table:
    """A file as a table of strings. Cells are unchanged ("NA" stays text); a missing cell is an empty string.

    ``format`` is the file format, such as "CSV". ``encoding``, ``delimiter`` and ``quote`` are empty where the format has
    none. ``sheets`` are the names of an Excel file's sheets, and ``sheet`` is the one that was read.
    """

    frame: pd.DataFrame
    name: str
    encoding: str = ""
    delimiter: str = ""
    quote: str = ""
    header: bool = True
    format: str = "CSV"
    sheets: tuple[str, ...] = ()
    sheet: str = ""
    unreadable: tuple[UnreadableRow, ...] = field(default=(), repr=False)

    def __len__(self) -> int:
        return len(self.frame)

    def require_columns(self, columns: Iterable[str]) -> None:
        """Check that the table has these columns.

        Raises:
            DataError: a column is missing.
        """
        for column in columns:
            if column not in self.frame.columns:
                raise DataError(
                    f"{self.name} has no column {column!r}.",
                    f"Its columns are: {', '.join(map(str, self.frame.columns[:20]))}.",
                )


def column_names(cells: Iterable[object] | None, width: int) -> list[str]:
    """``width`` distinct, non-empty column names, from the header cells where there are any."""
    names: dict[str, None] = {}
    header = [_valid_text(str(cell)).strip()[:_MAX_NAME_CHARACTERS] for cell in cells or ()]
    for position in range(width):
        name = header[position] if position < len(header) else ""
        name = name if name and not name.startswith("Unnamed: ") else f"column {position + 1}"
        names[free_name(name, names)] = None
    return list(names)


def free_name(name: str, taken: Container[str]) -> str:
    """The name, with underscores after it if it is taken."""
    while name in taken:
        name += "_"
    return name


def string_array(cells: Sequence[str]) -> pa.Array:
    """Cells as an Arrow column. Half of a surrogate pair, which JSON can contain, becomes a question mark."""
    spend_cells(len(cells))
    spend_bytes(sum(map(len, cells)))
    try:
        return pa.array(cells, type=pa.large_string())
    except UnicodeEncodeError:
        return pa.array([_valid_text(cell) for cell in cells], type=pa.large_string())


def _valid_text(text: str) -> str:
    return text.encode("utf-8", "replace").decode()


def frame_from_strings(columns: Sequence[Sequence[str]], names: Sequence[str]) -> pd.DataFrame:
    """A data frame made of columns of strings."""
    return frame_from_arrow([pa.chunked_array([string_array(cells)]) for cells in columns], names)


def frame_from_arrow(columns: Sequence[pa.ChunkedArray], names: Sequence[str]) -> pd.DataFrame:
    """A data frame made of Arrow columns of strings, without copying them."""
    return pd.DataFrame(
        {name: pd.Series(pd.array(column, dtype=STRING_DTYPE)) for name, column in zip(names, columns, strict=True)}
    )


def filter_rows(frame: pd.DataFrame, mask: npt.NDArray[np.bool_]) -> pd.DataFrame:
    """The rows where the mask is true, numbered from 0.

    It filters each column on its own, because ``frame[mask]`` first copies each Arrow column into one chunk.
    """
    return pd.DataFrame({name: column.array[mask] for name, column in frame.items()})


def strip_whitespace(column: pd.Series) -> pd.Series:
    """The cells without leading and trailing whitespace; chunks that have none are not copied."""
    chunks = []
    for start in range(0, len(column), _CHUNK_ROWS):
        chunk = column.iloc[start : start + _CHUNK_ROWS]
        stripped = chunk.str.strip()
        chunks.append(chunk if stripped.equals(chunk) else stripped)
    return pd.concat(chunks) if chunks else column


def hash_cells(column: pd.Series) -> npt.NDArray[np.uint64]:
    """A 64-bit hash of each cell, shape (rows,). It works in chunks, because a million Python strings use too much memory."""
    chunks = [
        pd.util.hash_array(
            column.iloc[start : start + _CHUNK_ROWS].astype(str).to_numpy(dtype=object), categorize=False
        )
        for start in range(0, len(column), _CHUNK_ROWS)
    ]
    return np.concatenate(chunks) if chunks else np.zeros(0, dtype=np.uint64)


def category_codes(column: pd.Series) -> npt.NDArray[np.int64]:
    """A number from 0 for each cell, the same for equal cells; shape (rows,)."""
    return np.asarray(np.unique(hash_cells(column), return_inverse=True)[1], dtype=np.int64)


def cell_text(value: Any, class_names: Sequence[str] | None = None) -> str:
    """A value as cell text: None is empty, whole numbers have no decimal point, lists and objects become JSON.

    Where there are ``class_names``, a whole number is a class id; an invalid one, such as -1, marks a row without a label.
    """
    if class_names and isinstance(value, int):
        return class_names[value] if 0 <= value < len(class_names) else ""
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


def validate_table(table: Table, columns_needed: int) -> Table:
    """The table, after checking that it has rows and enough columns.

    Raises:
        DataError: the table has no rows, or fewer columns than needed.
        LimitError: the table has too many columns.
    """
    width = len(table.frame.columns)
    check_column_count(table.name, width)
    spend_rows(len(table))
    if width < columns_needed:
        raise DataError(
            f"{table.name} has only one column, but a text column and a label column are needed.",
            "Separate the columns with commas, tabs, semicolons or pipes.",
        )
    if table.frame.empty:
        raise DataError(f"{table.name} has a header line but no rows.", "Add at least one row below the header.")
    return table


def check_column_count(name: str, count: int) -> None:
    """Refuse a table with too many columns.

    Raises:
        LimitError: there are more than ``MAX_COLUMNS`` columns.
    """
    if count > MAX_COLUMNS:
        raise LimitError(
            f"{name} has more than {MAX_COLUMNS:,} columns.",
            "Remove all columns except the text, the label and others that you need.",
        )


def check_cell_length(name: str, characters: int) -> None:
    """Refuse a table with a cell that is too long.

    Raises:
        LimitError: the longest cell has more than ``MAX_CELL_CHARACTERS`` characters.
    """
    if characters > MAX_CELL_CHARACTERS:
        raise LimitError(
            f"{name} has a cell of more than {MAX_CELL_CHARACTERS:,} characters.",
            "Check for a quotation mark that is never closed, or shorten the text.",
        )
