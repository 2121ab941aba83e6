"""How labels are written in a cell: one name, several with a separator, a JSON list, a number; and what ids stand for."""

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
    "plain": "one label",
    "list": 'a list, ["a", "b"]',
    "|": "separated by |",
    ";": "separated by ;",
    ",": "separated by ,",
    "columns": "a column of 0 and 1 for each label",
}
_SEPARATORS: tuple[LabelForm, ...] = ("|", ";", ",")
# Labels of a list come back in other company; the parts of one long name never do.
_RECURRING = 0.7
_ID_AND_NAME = re.compile(r"\s*(\d+)\s*[,;:\t ]\s*(\S.*?)\s*")


def guess_form(cells: pd.Series) -> LabelForm:
    """How several labels are written in these cells; "plain" if none holds several."""
    if cells.str.startswith("[").mean() > 0.9:
        return "list"
    for separator in _SEPARATORS:
        if cells.str.contains(separator, regex=False).any() and (separator == "|" or _parts_recur(cells, separator)):
            return separator
    return "plain"


def _parts_recur(cells: pd.Series, separator: str) -> bool:
    company: Counter[str] = Counter()
    for cell in cells.unique():
        company.update({part.strip() for part in cell.split(separator)} - {""})
    combined = [cell for cell in cells.unique() if separator in cell]
    parts = {part.strip() for cell in combined for part in cell.split(separator)} - {""}
    return bool(parts) and sum(company[part] > 1 for part in parts) >= _RECURRING * len(parts)


def split_cell(cell: str, form: LabelForm) -> list[str]:
    """The labels in a cell.

    Raises:
        DataError: the cell should hold a list and does not.
    """
    if form in _SEPARATORS:
        return [part.strip() for part in cell.split(form) if part.strip()]
    if form == "list":
        return _parse_list(cell)
    return [cell] if cell else []


def _parse_list(cell: str) -> list[str]:
    if not cell:
        return []
    for parse in (json.loads, ast.literal_eval):  # as JSON writes it, or as Python prints it
        try:
            value = parse(cell)
        except (ValueError, SyntaxError, MemoryError, RecursionError):
            continue
        if isinstance(value, list | tuple | set):
            return [str(part).strip() for part in value if str(part).strip()]
    raise DataError(
        f'Expected a list of labels such as ["a", "b"], found {cell[:60]!r}.',
        "Mend the cell, or say how labels are separated.",
    )


def numbers(cells: pd.Series) -> npt.NDArray[np.float64]:
    """Cells as numbers, with a decimal point or a decimal comma; NaN where a cell is none."""
    plain = pd.to_numeric(cells, errors="coerce").to_numpy(dtype=np.float64)
    if np.isnan(plain).any() and are_numbers(cells):
        return pd.to_numeric(cells.str.replace(",", ".", regex=False), errors="coerce").to_numpy(dtype=np.float64)
    return plain


def are_numbers(cells: pd.Series) -> bool:
    """Whether commas can be decimal commas: at most one in a cell, and not between label ids that recur on their own."""
    commas = cells.str.count(",")
    if not (commas > 0).any():
        return True
    return bool((commas == 1).all()) or (bool((commas <= 1).all()) and not _parts_recur(cells, ","))


def read_names(text: str) -> tuple[tuple[str, str], ...]:
    """What ids stand for: lines "id, name" with or without a header, or names alone, counted from 0.

    Raises:
        DataError: there are no lines, or an id stands there twice.
    """
    lines = [line.strip() for line in text.splitlines() if line.strip()]
    matches = [_ID_AND_NAME.fullmatch(line) for line in lines]
    if matches and matches[0] is None and len(matches) > 1 and all(matches[1:]):
        matches = matches[1:]  # a header
    if matches and all(matches):
        pairs = [(match.group(1), match.group(2).strip('"')) for match in matches if match]
    else:
        pairs = [(str(position), line) for position, line in enumerate(lines)]
    if not pairs:
        raise DataError("The list of names is empty.", "Write one name a line, in the order of the ids.")
    if len({key for key, _ in pairs}) < len(pairs):
        raise DataError("An id stands in the list of names twice.", "Give each id one name.")
    return tuple(pairs)
