"""A table of any size as a stream of chunks, and the file that it comes from."""

import io
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import BinaryIO

import pyarrow as pa

from core.data.table import Table, UnreadableRow, cell_text, frame_from_strings, string_array
from core.errors import DataError, LimitError

_CHUNK_CHARACTERS = 8_000_000
MAX_LINE = 10_000_000
_READ_BYTES = 1 << 20
# The cells of a row, and its problem: empty for a row that can be read.
Row = tuple[list[str], str]


@dataclass(frozen=True)
class SourceFile:
    """A file to read: its name, its size in bytes, and a function that returns a new stream at its start.

    ``packed`` says that the stream is unpacked while it is read; going back in it is slow. ``path`` is the file on disk, if it
    is one.
    """

    name: str
    size: int
    open: Callable[[], BinaryIO]
    packed: bool = False
    path: Path | None = None

    @classmethod
    def of_path(cls, path: Path, name: str = "") -> "SourceFile":
        """The source for a file on disk; ``name`` is the one that users know, if it is another.

        Raises:
            DataError: there is no such file.
        """
        if not path.is_file():
            raise DataError(f"There is no file {str(path)!r}.", "Check the path.")
        return cls(name or path.name, path.stat().st_size, lambda: path.open("rb"), path=path)

    @classmethod
    def of_bytes(cls, data: bytes, name: str) -> "SourceFile":
        """The source for the bytes of a file."""
        return cls(name, len(data), lambda: io.BytesIO(data))


@dataclass(frozen=True)
class Chunk:
    """Rows of a table in their order, and the problem of each row that cannot be read, by its position in the chunk."""

    table: pa.Table
    problems: Mapping[int, str] = field(default_factory=dict)

    def __len__(self) -> int:
        return int(self.table.num_rows)

    def cells(self, column: str) -> list[str]:
        """The cells of a column as text."""
        return [cell_text(value) for value in self.table[column].to_pylist()]


@dataclass(frozen=True)
class TableStream:
    """A table of any size: the file's name, the columns, the number of rows, and a function that reads the rows in chunks.

    ``read`` takes the largest number of rows of a chunk. The same number always gives the same chunks. ``empty`` is the table
    without its rows; it says what was detected about the file.
    """

    name: str
    columns: tuple[str, ...]
    rows: int
    read: Callable[[int], Iterator[Chunk]]
    empty: Table

    def require_column(self, column: str) -> None:
        """Check that the table has a column.

        Raises:
            DataError: it has not.
        """
        if column not in self.columns:
            raise DataError(
                f"{self.name} has no column {column!r}.", f"Its columns are: {', '.join(self.columns[:20])}."
            )

    def head(self, rows: int = 1_000) -> Table:
        """The first rows as a table of strings. Those that cannot be read are in it, and counted as unreadable."""
        chunk = next(self.read(rows))
        frame = frame_from_strings([chunk.cells(column) for column in self.columns], self.columns)
        unreadable = [UnreadableRow.truncated(row + 1, problem, "") for row, problem in chunk.problems.items()]
        return replace(self.empty, frame=frame, unreadable=tuple(unreadable))


def check_line_length(source: SourceFile) -> None:
    """Refuse a text file with a line that is too long to be held in memory.

    Raises:
        LimitError: there is one.
    """
    length = 0
    with source.open() as file:
        while part := file.read(_READ_BYTES):
            end = max(part.rfind(b"\n"), part.rfind(b"\r"))
            length = length + len(part) if end < 0 else len(part) - end
            if length > MAX_LINE:
                raise LimitError(
                    f"{source.name} has a line of more than {MAX_LINE // 10**6} MB.", "Save it as CSV or JSON Lines."
                )


def make_chunks(rows: Iterator[Row], names: Iterable[str], max_rows: int) -> Iterator[Chunk]:
    """The rows in chunks of at most ``max_rows`` rows and, unless a single row has more, ``_CHUNK_CHARACTERS``."""
    names = list(names)
    pending: list[Row] = []
    characters = 0
    for row in rows:
        pending.append(row)
        characters += sum(map(len, row[0]))
        if len(pending) == max_rows or characters >= _CHUNK_CHARACTERS:
            yield _make_chunk(pending, names)
            pending, characters = [], 0
    if pending:
        yield _make_chunk(pending, names)


def _make_chunk(rows: list[Row], names: list[str]) -> Chunk:
    columns = [string_array(cells) for cells in zip(*(cells for cells, _ in rows), strict=True)]
    problems = {position: problem for position, (_, problem) in enumerate(rows) if problem}
    return Chunk(pa.table(columns, names=names), problems)
