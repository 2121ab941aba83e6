"""What reading a file gives: a table of strings, with everything that was guessed on the way."""

import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd
import pyarrow as pa

from core.errors import DataError, LimitError

MAX_COLUMNS = 1_000
MAX_CELL_CHARACTERS = 1_000_000
# What a compressed file may unpack to, and how many times its own size once that is more than a few megabytes.
MAX_UNPACKED_BYTES = 1_000_000_000
_MAX_SHOWN_CHARACTERS = 200
STRINGS = pd.StringDtype(na_value=np.nan)
SPLIT_COLUMN = "split"
SPLIT_FOLDERS = {"train": "train", "training": "train", "test": "test", "testing": "test", "val": "validation",
                 "valid": "validation", "validation": "validation", "dev": "validation"}  # fmt: skip
_ROWS_AT_ONCE = 10_000
# Arrow's own pool keeps what it freed, which is as much as a large table; the system's gives it back.
pa.set_memory_pool(pa.system_memory_pool())


@dataclass(frozen=True)
class ReadOptions:
    """What a person says about a file; None is "find out". ``quote`` is '"', "'" or "" (quotation marks are text)."""

    encoding: str | None = None
    delimiter: str | None = None
    quote: str | None = None
    header: bool | None = None
    sheet: str | None = None


GUESS = ReadOptions()


@dataclass(frozen=True)
class UnreadableRow:
    """A record that does not fit the table: where it began (line or record number, from 1), why, and what stands there."""

    line: int
    reason: str
    content: str

    @classmethod
    def of(cls, line: int, reason: str, content: str) -> "UnreadableRow":
        """One whose content is cut to what a person wants to see."""
        return cls(line, reason, content[:_MAX_SHOWN_CHARACTERS])


@dataclass(frozen=True)
class Table:
    """A file as a table of strings, every cell as it was written ("NA" stays text, a missing cell is empty).

    ``encoding``, ``delimiter`` and ``quote`` are empty where the format has none. ``sheets`` are those one could choose.
    """

    frame: pd.DataFrame
    name: str
    encoding: str = ""
    delimiter: str = ""
    quote: str = ""
    header: bool = True
    form: str = "CSV"
    sheets: tuple[str, ...] = ()
    unreadable: tuple[UnreadableRow, ...] = field(default=(), repr=False)

    def __len__(self) -> int:
        return len(self.frame)


def column_names(cells: Iterable[object] | None, width: int) -> list[str]:
    """``width`` distinct, non-empty names from header cells, or from none."""
    names: list[str] = []
    given = [str(cell).strip() for cell in cells or ()]
    for position in range(width):
        name = given[position] if position < len(given) else ""
        name = name if name and not name.startswith("Unnamed: ") else f"column {position + 1}"
        while name in names:
            name += "_"
        names.append(name)
    return names


def frame_of(columns: Sequence[Sequence[str]], names: Sequence[str]) -> pd.DataFrame:
    """Columns of strings as a frame."""
    arrays = [pa.array(cells, type=pa.large_string()) for cells in columns]
    return arrow_frame([pa.chunked_array([array]) for array in arrays], names)


def arrow_frame(columns: Sequence[pa.ChunkedArray], names: Sequence[str]) -> pd.DataFrame:
    """Arrow columns of strings as a frame, without a copy."""
    return pd.DataFrame(
        {name: pd.Series(pd.array(column, dtype=STRINGS)) for name, column in zip(names, columns, strict=True)}
    )


def filter_rows(frame: pd.DataFrame, chosen: npt.NDArray[np.bool_]) -> pd.DataFrame:
    """The rows that are chosen, numbered from 0. Column by column: ``frame[chosen]`` joins each in one piece before it takes."""
    return pd.DataFrame({name: column.array[chosen] for name, column in frame.items()})


def stripped(column: pd.Series) -> pd.Series:
    """The cells without blanks at their ends; parts that have none are not copied."""
    parts = []
    for start in range(0, len(column), _ROWS_AT_ONCE):
        part = column.iloc[start : start + _ROWS_AT_ONCE]
        bare = part.str.strip()
        parts.append(part if bare.equals(part) else bare)
    return pd.concat(parts) if parts else column


def hashes(column: pd.Series) -> npt.NDArray[np.uint64]:
    """A number of 64 bits for each cell, the same for equal cells; made in parts, as a million Python strings fill the memory."""
    parts = [
        pd.util.hash_array(
            column.iloc[start : start + _ROWS_AT_ONCE].astype(str).to_numpy(dtype=object), categorize=False
        )
        for start in range(0, len(column), _ROWS_AT_ONCE)
    ]
    return np.concatenate(parts) if parts else np.zeros(0, dtype=np.uint64)


def codes(column: pd.Series) -> npt.NDArray[np.int64]:
    """Equal cells as equal numbers from 0, shape (rows,)."""
    return np.asarray(np.unique(hashes(column), return_inverse=True)[1], dtype=np.int64)


def checked(table: Table, columns_needed: int) -> Table:
    """The table, if it is one that can be used.

    Raises:
        DataError: no row, or fewer columns than needed.
        LimitError: too many columns.
    """
    width = len(table.frame.columns)
    check_width(table.name, width)
    if width < columns_needed:
        raise DataError(
            f"{table.name} has only one column; a text column and a label column are needed.",
            "Separate the columns by commas, tabs, semicolons or pipes.",
        )
    if table.frame.empty:
        raise DataError(f"{table.name} has a header line but no rows.", "Add at least one row below it.")
    return table


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


def check_width(name: str, width: int) -> None:
    """Refuse a table that is too wide.

    Raises:
        LimitError: more than ``MAX_COLUMNS`` columns.
    """
    if width > MAX_COLUMNS:
        raise LimitError(
            f"{name} has more than {MAX_COLUMNS:,} columns.", "Keep the text, the label and the columns you need."
        )


def check_cell(name: str, longest: int) -> None:
    """Refuse a table with a cell no model could read.

    Raises:
        LimitError: a cell of more than ``MAX_CELL_CHARACTERS`` characters.
    """
    if longest > MAX_CELL_CHARACTERS:
        raise LimitError(
            f"{name} has a cell of more than {MAX_CELL_CHARACTERS:,} characters.",
            "A quotation mark that is never closed swallows all that follows: look for one, or shorten the text.",
        )
