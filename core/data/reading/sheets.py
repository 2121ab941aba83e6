"""Find the table in the cells of a spreadsheet: below titles, with one or two header rows, above totals and notes."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from statistics import median

from core.data.reading.headers import count_preamble_rows, guess_header
from core.data.table import ABOVE_TABLE, UnreadableRow

BELOW_TABLE = "below the table"
_MAX_PREAMBLE = 30
_MAX_NOTES = 5
_MIN_FILLED = 0.6
_MAX_SUBHEADER_CHARACTERS = 60
_SAMPLED_ROWS = 500
_TOTAL = re.compile(
    r"(?:grand |sub)?(?:total|sum|average|mean|median|count|summe|gesamt\w*|mittelwert|totaux?|somme)s?\b.{0,20}",
    re.IGNORECASE,
)
_NOTE = re.compile(r"\s*(?:source|note|notes|quelle|exported|generated|end of|created|copyright|©|\*)", re.IGNORECASE)
# Qualtrics writes a third header row of such objects.
_IMPORT_ID = re.compile(r'\s*\{\s*"ImportId"')
# SurveyMonkey writes a second header row of these cells where a question has one answer.
_SURVEYMONKEY = {"", "Response", "Open-Ended Response"}


@dataclass(frozen=True)
class SheetTable:
    """The table in a sheet: the names of the columns (None without a header), its rows, and the rows around it."""

    names: list[str] | None
    rows: list[list[str]]
    aside: tuple[UnreadableRow, ...]


def find_table(records: Sequence[list[str]], header: bool | None) -> SheetTable:
    """The table in the records of a sheet, which have no empty rows; ``header`` is None if it is not known."""
    above = _count_above(records)
    below = _count_below(records[above:])
    end = len(records) - below
    aside = [UnreadableRow.truncated(i + 1, ABOVE_TABLE, " ⎮ ".join(records[i])) for i in range(above)]
    aside += [UnreadableRow.truncated(i + 1, BELOW_TABLE, " ⎮ ".join(records[i])) for i in range(end, len(records))]
    width = max(map(len, records[above:end]))
    body = [record + [""] * (width - len(record)) for record in records[above:end]]
    survey = count_survey_rows(body)
    if header is False:
        return SheetTable(None, body, tuple(aside))
    if survey:
        aside += [UnreadableRow.truncated(above + i + 2, ABOVE_TABLE, " ⎮ ".join(body[i + 1])) for i in range(survey)]
        return SheetTable(body[0], body[1 + survey :], tuple(aside))
    if _has_two_header_rows(body):
        return SheetTable(_join_names(body[0], body[1]), body[2:], tuple(aside))
    has_header = guess_header(body) if header is None else header
    return SheetTable(body[0] if has_header else None, body[has_header:], tuple(aside))


def count_survey_rows(rows: Sequence[list[str]]) -> int:
    """The number of rows of questions and import ids below the header of a survey export; 0 for other tables."""
    if len(rows) > 1 and any(rows[1]) and {cell.strip() for cell in rows[1]} <= _SURVEYMONKEY and all(rows[0]):
        return 1
    for position, row in enumerate(rows[1:4], start=1):
        if any(_IMPORT_ID.match(cell) for cell in row):
            return position
    return 0


def table_size(records: Sequence[list[str]]) -> int:
    """The number of rows with at least two filled cells, which tells tables from cover sheets."""
    return sum(_count_filled(record) > 1 for record in records)


def _count_filled(record: Sequence[str]) -> int:
    return sum(bool(cell.strip()) for cell in record)


def _count_above(records: Sequence[list[str]]) -> int:
    """The number of rows above the header: titles, and notes with far fewer filled cells than the rows of the table."""
    typical = median(_count_filled(record) for record in records[:_SAMPLED_ROWS])
    if typical > 2:
        for position, record in enumerate(records[:_MAX_PREAMBLE]):
            following = records[position + 1] if position + 1 < len(records) else record
            is_group_row = _count_filled(record) > 1 and len(record) > typical / 2 and _are_names(following, typical)
            if _count_filled(record) >= _MIN_FILLED * typical or is_group_row:
                return position
    return count_preamble_rows(list(records))


def _are_names(record: Sequence[str], typical: float) -> bool:
    """Whether a row can hold the names below a row of groups."""
    cells = [cell.strip() for cell in record if cell.strip()]
    are_short = all(len(cell) <= _MAX_SUBHEADER_CHARACTERS and not _is_number(cell) for cell in cells)
    return are_short and len(cells) >= _MIN_FILLED * typical and len(set(cells)) > len(cells) / 2


def _count_below(records: Sequence[list[str]]) -> int:
    """The number of rows of totals and notes at the end."""
    typical = median(_count_filled(record) for record in records[:_SAMPLED_ROWS])
    below = 0
    for record in reversed(records[-_MAX_NOTES:] if len(records) > 2 * _MAX_NOTES else []):
        filled = [cell.strip() for cell in record if cell.strip()]
        is_total = bool(_TOTAL.fullmatch(filled[0])) and (len(filled) < typical or all(map(_is_number, filled[1:])))
        is_note = typical > 1 and len(filled) == 1 and bool(_NOTE.match(filled[0]))
        if not (is_total or is_note):
            break
        below += 1
    return below


def _has_two_header_rows(rows: Sequence[list[str]]) -> bool:
    """Whether the first row has groups, with empty cells where a group goes on, and the second row the names in them."""
    if len(rows) < 4:
        return False
    groups, names = rows[0], rows[1]
    filled = [bool(cell.strip()) for cell in groups]
    has_gaps = any(not after for before, after in pairwise(filled) if before) and not all(filled)
    completes = all(group.strip() or name.strip() for group, name in zip(groups, names, strict=True))
    if not (has_gaps and completes and any(name.strip() for name in names)) or any(map(_is_number, [*groups, *names])):
        return False
    below = rows[2:_SAMPLED_ROWS]
    recurs = any(name.strip() and name in {row[i] for row in below} for i, name in enumerate(names))
    return not recurs and all(len(name) <= _MAX_SUBHEADER_CHARACTERS for name in names)


def _join_names(groups: Sequence[str], names: Sequence[str]) -> list[str]:
    joined, group = [], ""
    for cell, name in zip(groups, names, strict=True):
        group = cell.strip() or group
        joined.append(" ".join(filter(None, (group, name.strip()))))
    return joined


def _is_number(cell: str) -> bool:
    return bool(re.fullmatch(r"\s*[-+]?\d+(?:[.,]\d+)?%?\s*", cell))
