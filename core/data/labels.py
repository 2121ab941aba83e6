"""Read label cells: one name, several names with a separator, a JSON list or a number; and read names for label ids."""

import ast
import json
import re
from collections import Counter
from typing import Literal

import numpy as np
import numpy.typing as npt
import pandas as pd

from core.errors import DataError

LabelForm = Literal["plain", "list", "|", ";", ",", "columns"]
FORM_TITLES: dict[LabelForm, str] = {
    "plain": "One label",
    "list": 'A list: ["a", "b"]',
    "|": "Separated by |",
    ";": "Separated by ;",
    ",": "Separated by ,",
    "columns": "One column of 0 and 1 for each label",
}
_SEPARATORS: tuple[LabelForm, ...] = ("|", ";", ",")
# The labels of a list recur in other combinations, which the parts of one long name never do.
_MIN_RECURRING_SHARE = 0.7
_MIN_LIST_SHARE = 0.9
_ID_AND_NAME = re.compile(r"\s*(\d+)\s*[,;:\t ]\s*(\S.*)")


def guess_label_form(cells: pd.Series) -> LabelForm:
    """How several labels are written in these cells; "plain" if no cell holds several."""
    if cells.str.startswith("[").mean() > _MIN_LIST_SHARE:
        return "list"
    for separator in _SEPARATORS:
        if cells.str.contains(separator, regex=False).any() and (separator == "|" or _parts_recur(cells, separator)):
            return separator
    return "plain"


def _parts_recur(cells: pd.Series, separator: str) -> bool:
    """Whether most parts of the cells with a separator occur in other cells too."""
    counts: Counter[str] = Counter()
    for cell in cells.unique():
        counts.update({part.strip() for part in cell.split(separator)} - {""})
    combined = [cell for cell in cells.unique() if separator in cell]
    parts = {part.strip() for cell in combined for part in cell.split(separator)} - {""}
    return bool(parts) and sum(counts[part] > 1 for part in parts) >= _MIN_RECURRING_SHARE * len(parts)


def split_cell(cell: str, form: LabelForm) -> list[str]:
    """The labels in a cell.

    Raises:
        DataError: the cell does not hold a list although ``form`` is "list".
    """
    if form in _SEPARATORS:
        return [part.strip() for part in cell.split(form) if part.strip()]
    if form == "list":
        return _parse_list(cell)
    return [cell] if cell else []


def _parse_list(cell: str) -> list[str]:
    if not cell:
        return []
    for parse in (json.loads, ast.literal_eval):  # a JSON list, or a list as Python prints it
        try:
            value = parse(cell)
        except (ValueError, SyntaxError, MemoryError, RecursionError):
            continue
        if isinstance(value, list | tuple | set):
            return [str(part).strip() for part in value if str(part).strip()]
    raise DataError(
        f'Expected a list of labels such as ["a", "b"], found {cell[:60]!r}.',
        "Correct the cell, or choose another way in which labels are written.",
    )


def parse_numbers(cells: pd.Series) -> npt.NDArray[np.float64]:
    """The cells as numbers with a decimal point or a decimal comma; NaN where a cell is not a number."""
    numbers = pd.to_numeric(cells, errors="coerce").to_numpy(dtype=np.float64)
    if np.isnan(numbers).any() and has_decimal_commas(cells):
        return pd.to_numeric(cells.str.replace(",", ".", regex=False), errors="coerce").to_numpy(dtype=np.float64)
    return numbers


def has_decimal_commas(cells: pd.Series) -> bool:
    """Whether all commas can be decimal commas: at most one in a cell, and they do not separate recurring label ids."""
    commas = cells.str.count(",")
    if not (commas > 0).any():
        return True
    return bool((commas == 1).all()) or (bool((commas <= 1).all()) and not _parts_recur(cells, ","))


def parse_label_names(text: str) -> tuple[tuple[str, str], ...]:
    """Pairs (id, name) from lines "id, name" with or without a header, or from lines with names alone, numbered from 0.

    Raises:
        DataError: there are no lines, or an id occurs twice.
    """
    lines = [line.strip() for line in text.splitlines() if line.strip()]
    matches = [_ID_AND_NAME.fullmatch(line) for line in lines]
    if matches and matches[0] is None and len(matches) > 1 and all(matches[1:]):
        matches = matches[1:]  # the first line is a header
    if matches and all(matches):
        pairs = [(match.group(1), match.group(2).strip('"')) for match in matches if match]
    else:
        pairs = [(str(position), line) for position, line in enumerate(lines)]
    if not pairs:
        raise DataError("The list of label names is empty.", "Write one name per line, in the order of the ids.")
    if len({key for key, _ in pairs}) < len(pairs):
        raise DataError("An id occurs twice in the list of label names.", "Give each id one name.")
    return tuple(pairs)
