"""Recognize the header of a table, the rows above it, and the width of its rows."""

import re
from collections import Counter
from dataclasses import dataclass

from core.formatting import pluralize

_SAMPLE_RECORDS = 2_000
# If more than this share of rows is too short or too long, the rows are padded or the table is widened.
_MAX_MISFIT_SHARE = 0.05
_MAX_PREAMBLE = 20
_MAX_HEADER_CHARACTERS = 60
_MIN_ANSWERS = 5
_COLUMN_NAMES = re.compile(
    r"\s*(id|index|idx|no|nr|text|texts|message|sentence|review|comment|content|body|title|question|tweet|description|ticket|"
    r"utterance|abstract|label|labels|category|class|target|intent|topic|tag|tags|score|rating|stars|sentiment|emotion|type|"
    r"split|date|time|name|value|v\d+|col\w*|\w+[_ ](id|text|label|labels|name|class|category|score))\s*",
    re.IGNORECASE,
)


def count_preamble_rows(records: list[list[str]]) -> int:
    """The number of records above the table: titles and comments with one cell, where the other records have several."""
    widths = Counter(map(len, records))
    width = widths.most_common(1)[0][0] if widths else 0
    if width < 2:
        return 0
    for position, record in enumerate(records[: _MAX_PREAMBLE + 1]):
        is_comment = record[0].startswith("# ") or (record[0].startswith("#") and len(record) != width)
        if sum(bool(cell.strip()) for cell in record) > 1 and not is_comment:
            return position
    return 0


def is_column_name(cell: str) -> bool:
    """Whether a cell is a typical column name, such as "text" or "label"."""
    return bool(_COLUMN_NAMES.fullmatch(cell))


def guess_header(records: list[list[str]]) -> bool:
    """Whether the first record is a header: it has typical column names, or short words that do not recur below them."""
    first, rows = records[0], records[1:_SAMPLE_RECORDS]
    cells = [cell.strip() for cell in first]
    if len(cells) == 1 and not is_column_name(cells[0]):  # one word above a list of sentences
        return bool(re.fullmatch(r"[\w.-]+", cells[0])) and sum(
            " " in row[0].strip() for row in rows if row
        ) > 0.9 * len(rows)
    if not rows:
        return any(map(is_column_name, cells))
    if any(_is_number(cell) for cell in cells):
        return False
    if any(len(cell) > _MAX_HEADER_CHARACTERS for cell in cells):
        return _are_questions(cells, rows)
    if any(map(is_column_name, cells)):
        return True
    for position, cell in enumerate(cells):
        below = [row[position].strip() for row in rows if position < len(row)]
        if cell and cell in below:
            return False
    return len(set(cells)) == len(cells) and all(cells)


def _are_questions(cells: list[str], rows: list[list[str]]) -> bool:
    """Whether long cells are the questions of a survey: distinct, never an answer, above columns of numbers or few answers."""
    if len(rows) < _MIN_ANSWERS or len(set(cells)) < len(cells) or not all(cells):
        return False
    is_above_answers = False
    for position, cell in enumerate(cells):
        below = [row[position].strip() for row in rows if position < len(row) and row[position].strip()]
        if cell in below:
            return False
        has_few = len(set(below)) <= len(below) / 3 or all(map(_is_number, below))
        is_above_answers |= bool(below) and has_few and (cell.endswith(("?", ":")) or len(cell) > max(map(len, below)))
    return is_above_answers


def _is_number(cell: str) -> bool:
    try:
        float(cell)
    except ValueError:
        return False
    return True


@dataclass(frozen=True)
class Shape:
    """The width of a table, its header (if it has one), and whether short rows are padded with empty cells."""

    width: int
    header: bool
    names: list[str]
    pad: bool

    @classmethod
    def guess(cls, records: list[list[str]], header: bool | None) -> "Shape":
        """The shape of the table whose first records these are; ``header`` is None if it is not known."""
        widths = Counter(len(trim(record, len(records[0]))) for record in records)
        width = widths.most_common(1)[0][0]
        rows = records[1:] or records
        has_header = guess_header(records) if header is None else header
        names = records[0] if has_header else []
        if has_header and len(names) == width - 1 and len(names) > 1:
            names = ["row", *names]  # R writes row names without a column name
        width = max(width, len(names)) if has_header else width
        short = sum(len(record) < width for record in rows) / len(rows)
        long = sum(len(trim(record, width)) > width for record in rows) / len(rows)
        if long > _MAX_MISFIT_SHARE:
            width = max(len(record) for record in records)
        return cls(width, has_header, names, pad=max(short, long) > _MAX_MISFIT_SHARE)

    def fit(self, record: list[str]) -> tuple[list[str], str]:
        """The cells of a row with this record, and what is wrong with it; empty if it fits."""
        if len(record) == self.width:
            return record, ""
        record = trim(record, self.width)
        missing = [""] * (self.width - len(record))
        if len(record) == self.width or (missing and self.pad):
            return record + missing, ""
        return (record + missing)[: self.width], f"{pluralize(len(record), 'column')} instead of {self.width}"


def trim(record: list[str], width: int) -> list[str]:
    """The record without trailing empty cells beyond ``width``."""
    end = len(record)
    while end > width and not record[end - 1].strip():
        end -= 1
    return record[:end]
