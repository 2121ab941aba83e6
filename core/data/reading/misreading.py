"""Signs that delimited text was misread, and the reading that is the next most likely."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from itertools import product

import numpy as np
import pandas as pd

from core.data.reading.dialects import DELIMITERS
from core.data.reading.files import SMALL_BYTES
from core.data.reading.quoting import holds_rows
from core.data.table import ABOVE_TABLE, DETECT, ReadOptions, Table
from core.errors import StudioError
from core.formatting import format_percent, pluralize

_SAMPLED_ROWS = 5_000
_MAX_EMPTY_SHARE = 0.1
_MIN_RAGGED_SHARE = 0.01
_MIN_CUT_SHARE = 0.3
_MIN_QUOTED_SHARE = 0.5
_MIN_WORDS = 3
_MAX_NAME_WORDS = 6
# Alternatives are read from this many bytes at the start of a file.
SAMPLE_BYTES = SMALL_BYTES
_QUOTES = ('"', "'", "")
_SENTENCE_END = (".", "!", "?", "…", '"', "'", ")", ":", "。", "！", "？")


@dataclass(frozen=True)
class Alternative:
    """Another reading of a file: its options, and the first rows as they are read with them."""

    options: ReadOptions
    table: Table


def find_signs(table: Table) -> list[str]:
    """What suggests that delimited text was misread, one sentence for each sign; empty if nothing does."""
    return list(_signs(table)) if table.format == "CSV" and table.delimiter else []


def find_alternative(
    table: Table, read: Callable[[ReadOptions], Table], options: ReadOptions = DETECT
) -> Alternative | None:
    """The next most likely reading of a file; None if there is no other.

    ``read`` reads the start of the file with other options. The best reading has the fewest signs of a misreading, the most
    rows that fit, and the fewest columns that are nearly empty.
    """
    best: tuple[tuple[int, float, bool], Alternative] | None = None
    current = _read_or_none(read, options) or table
    readings = [
        replace(options, delimiter=delimiter, quote=quote, header=None)
        for delimiter, quote in product(DELIMITERS, _QUOTES)
        if (delimiter, quote) != (table.delimiter, table.quote)
    ]
    for changed in [replace(options, header=not table.header), *readings]:
        other = _read_or_none(read, changed)
        if other is None or _is_same(other, current):
            continue
        rank = _rank(other, current)
        if best is None or rank < best[0]:
            best = rank, Alternative(changed, other)
    return best[1] if best else None


def cut_sample(data: bytes) -> bytes:
    """The first lines of a file, about ``SAMPLE_BYTES``; a line that is far longer is cut."""
    end = data.find(b"\n", SAMPLE_BYTES, 2 * SAMPLE_BYTES)
    return data if len(data) <= SAMPLE_BYTES else data[: end + 1] or data[:SAMPLE_BYTES]


def _read_or_none(read: Callable[[ReadOptions], Table], options: ReadOptions) -> Table | None:
    try:
        table = read(options)
    except StudioError:
        return None
    return table if len(table.frame.columns) > 1 else None


def _is_same(table: Table, other: Table) -> bool:
    rows = min(len(table), len(other), 1_000)
    return len(table) == len(other) and table.frame.head(rows).equals(other.frame.head(rows))


def _rank(table: Table, current: Table) -> tuple[int, float, bool]:
    """The sort key of a reading: its signs, the share of its rows that do not fit, whether it splits rows elsewhere."""
    return len(find_signs(table)), round(_ragged_share(table), 3), table.delimiter != current.delimiter


def _signs(table: Table) -> Iterator[str]:
    sample = table.frame.iloc[:: max(1, len(table) // _SAMPLED_ROWS)]
    empty = [str(name) for name, cells in sample.items() if _is_nearly_empty(str(name), cells)]
    if empty:
        yield f"{pluralize(len(empty), 'column')} without a name {'is' if len(empty) == 1 else 'are'} nearly empty"
    if (ragged := _ragged_share(table)) >= _MIN_RAGGED_SHARE:
        yield f"{format_percent(ragged)} of the rows do not have the columns of the others"
    # A header with a name for each column speaks against texts that were split without a space.
    has_shifted = table.delimiter == "|" or any(_is_made_up(str(name)) for name in sample.columns)
    for left, right in zip(sample.columns[:-1], sample.columns[1:], strict=True):
        if (share := _cut_share(sample[left], sample[right], table.delimiter, has_shifted)) >= _MIN_CUT_SHARE:
            yield f"the texts in “{left}” go on in “{right}” in {format_percent(share, 0)} of the rows"
            break
    if not table.quote and (quoted := [str(name) for name, cells in sample.items() if _is_quoted(cells)]):
        yield f"the cells of “{quoted[0]}” still have quotation marks around them"
    if swallowed := _count_swallowed(table):
        yield f"{pluralize(swallowed, 'cell')} {'contains' if swallowed == 1 else 'contain'} lines that look like rows"
    if table.header and (name := _suspicious_name(sample)):
        yield f"the column name “{name}” looks like data"


def _is_nearly_empty(name: str, cells: pd.Series) -> bool:
    filled = float((cells.str.strip() != "").mean())
    return name.startswith("column ") and 0 < filled <= _MAX_EMPTY_SHARE


def _ragged_share(table: Table) -> float:
    ragged = sum(row.reason != ABOVE_TABLE for row in table.unreadable)
    return ragged / max(1, ragged + len(table))


def _is_made_up(name: str) -> bool:
    """Whether a column has no name in the file."""
    return name == "row" or name.startswith("column ")


def _cut_share(left: pd.Series, right: pd.Series, delimiter: str, has_shifted: bool) -> float:
    """The share of rows whose right cell is the rest of the text in the left one."""
    if delimiter not in ",;|":
        return 0.0
    ends, starts = left.str.rstrip(), right
    filled = (starts.str.strip() != "") & (ends.str.count(" ") >= _MIN_WORDS - 1)
    ends, starts = ends[filled], starts[filled]
    if filled.mean() < _MIN_CUT_SHARE / 2 or not len(ends):
        return 0.0
    spaced = starts.str.match(r"\s+\S") & (delimiter != "|")
    goes_on = starts.str.match(r"\s*[a-zà-öø-ÿ]") & (starts.str.strip().str.count(" ") >= _MIN_WORDS - 1)
    unfinished = ~ends.str.endswith(_SENTENCE_END)
    return float((spaced | (goes_on & unfinished & has_shifted)).mean())


def _is_quoted(cells: pd.Series) -> bool:
    filled = cells[cells.str.len() > 1]
    if not len(filled):
        return False
    ends = {quote: filled.str.startswith(quote) & filled.str.endswith(quote) for quote in "\"'"}
    return any(float(quoted.mean()) >= _MIN_QUOTED_SHARE for quoted in ends.values())


def _count_swallowed(table: Table) -> int:
    """The number of cells with lines that would be rows if quotation marks were text."""
    if not table.quote:
        return 0
    multiline = np.zeros(len(table), dtype=bool)
    for _, cells in table.frame.items():
        multiline |= cells.str.contains("\n", regex=False).to_numpy(dtype=bool)
    width = len(table.frame.columns)
    rows = np.flatnonzero(multiline)[:_SAMPLED_ROWS]
    return sum(holds_rows([str(cell) for cell in table.frame.iloc[row]], table.delimiter, width) for row in rows)


def _suspicious_name(sample: pd.DataFrame) -> str:
    """A column name that is a number or a text, or that is also a cell of its column; empty if there is none."""
    for name, cells in sample.items():
        words = str(name).split()
        is_number = str(name).replace(".", "", 1).isdigit() and len(sample.columns) < 50
        is_text = len(words) > _MAX_NAME_WORDS and len(words) > cells.str.count(" ").mean() / 2
        if is_number or is_text or bool((cells.str.strip() == str(name)).any()):
            return str(name)[:60]
    return ""
