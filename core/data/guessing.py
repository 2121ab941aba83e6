"""Which column is the text, which the label, what kind of task that makes: guessed from names and cells."""

import re
from collections.abc import Mapping
from dataclasses import replace

import numpy as np
import pandas as pd

from core.data import labels as label_cells
from core.data.columns import ColumnChoice
from core.data.labels import LabelForm, guess_form
from core.data.table import SPLIT_FOLDERS, Table, filter_rows
from core.errors import DataError
from core.task import TaskKind

_TEXT_NAMES = re.compile(
    r"text|message|review|comment|sentence|content|body|ticket|question|tweet|description|abstract|utterance",
    re.IGNORECASE,
)
_LABEL_NAMES = re.compile(
    r"label|categor|class|target|sentiment|intent|topic|score|rating|tag|type|stars", re.IGNORECASE
)
_SPLIT_NAMES = re.compile(r"split|fold|subset|partition", re.IGNORECASE)
_OBJECTS = 0.5
_GUESS_ROWS = 5_000
# More distinct whole numbers than this are a score rather than class names.
_MAX_NUMBERED_CLASSES = 30
_FLAGS = {"0", "1", "0.0", "1.0", "true", "false", "yes", "no", ""}
_FEWEST_FLAG_COLUMNS = 3


def guess_columns(table: Table) -> ColumnChoice:
    """Guess text, label and task: longest varied column is the text, a repetitive (or telling) one the label.

    Raises:
        DataError: the table has fewer than two columns.
    """
    frame = filter_rows(table.frame, np.arange(len(table)) % max(1, len(table) // _GUESS_ROWS) == 0)
    if len(frame.columns) < 2:
        raise DataError(
            f"{table.name} has only one column; a text column and a label column are needed.",
            "Add a column with the label of each text.",
        )
    columns = {str(name): cells for name, cells in frame.items()}
    text = max(columns, key=lambda name: _text_likeness(name, columns[name]))
    split = next((name for name in columns if name != text and _holds_splits(table.frame[name], columns[name])), None)
    rest = {name: cells for name, cells in columns.items() if name not in (text, split)} or {
        name: cells for name, cells in columns.items() if name != text
    }
    flags = [
        name for name, cells in rest.items() if set(cells.str.strip().str.lower()) <= _FLAGS and cells.nunique() > 1
    ]
    # What holds objects, as tools export them, is nobody's label.
    rest = {name: cells for name, cells in rest.items() if not cells.str.match(r"\[?\{").mean() > _OBJECTS} or rest
    label = max(rest, key=lambda name: _label_likeness(name, rest[name]))
    if len(flags) >= _FEWEST_FLAG_COLUMNS and (label in flags or not _LABEL_NAMES.search(label)):
        return ColumnChoice(text, flags[0], "multilabel", split, form="columns", label_columns=tuple(flags))
    label = _spelled_out(label, rest)
    kind, form = guess_kind(columns[label])
    return ColumnChoice(text=text, label=label, kind=kind, split=split, form=form)


def choice_for(
    table: Table,
    text: str | None = None,
    label: str | None = None,
    kind: TaskKind | None = None,
    names: tuple[tuple[str, str], ...] = (),
) -> ColumnChoice:
    """The guess, corrected by what is known.

    Raises:
        DataError: a named column is missing.
    """
    for column in filter(None, (text, label)):
        if column not in table.frame.columns:
            raise DataError(
                f"{table.name} has no column {column!r}.",
                f"Its columns are: {', '.join(map(str, table.frame.columns[:20]))}.",
            )
    guess = guess_columns(table)
    if label is None and text == guess.label:
        label = guess.text
    if label is not None and (label, text or guess.text) != (guess.label, guess.text):
        guessed, form = guess_kind(table.frame[label])
        split = guess.split if guess.split not in (text, label) else None
        guess = ColumnChoice(text or guess.text, label, guessed, split, form)
    elif text:
        guess = replace(guess, text=text)
    if kind is not None and kind != guess.kind:
        guess = replace(guess, kind=kind, form=_usual_form(kind, guess.form), label_columns=())
    return replace(guess, names=names)


def _usual_form(kind: TaskKind, guessed: LabelForm) -> LabelForm:
    if kind != "multilabel":
        return "plain"
    return guessed if guessed not in ("plain", "columns") else "|"


def guess_kind(cells: pd.Series) -> tuple[TaskKind, LabelForm]:
    """Guess the kind of task, and how several labels are written, from the cells of a label column."""
    cells = cells.str.strip()
    cells = cells[cells != ""].head(_GUESS_ROWS)
    distinct = cells.nunique()
    numbers = label_cells.numbers(cells)
    if len(cells) and not np.isnan(numbers).any() and label_cells.are_numbers(cells):
        is_score = distinct > _MAX_NUMBERED_CLASSES or bool((numbers % 1 != 0).any())
        if is_score:
            return "regression", "plain"
    elif (form := guess_form(cells)) != "plain":
        return "multilabel", form
    return ("binary" if distinct == 2 else "multiclass"), "plain"


def _spelled_out(label: str, columns: Mapping[str, pd.Series]) -> str:
    """The column of names beside a column of class numbers, where numbers and names go one with one."""
    cells = columns[label]
    if np.isnan(label_cells.numbers(cells)).any() or cells.nunique() < 2:
        return label
    for name, other in columns.items():
        if name == label or (other.str.strip() == "").any() or not np.isnan(label_cells.numbers(other)).all():
            continue
        pairs = pd.DataFrame({"id": cells, "name": other}).drop_duplicates()
        if len(pairs) == cells.nunique() == other.nunique():
            return name
    return label


def _text_likeness(column: str, cells: pd.Series) -> float:
    letters = cells.str.len().mean() * cells.nunique() / max(1, len(cells))
    return float(letters) * (3.0 if _TEXT_NAMES.search(column) else 1.0)


def _label_likeness(column: str, cells: pd.Series) -> float:
    written = cells[cells.str.strip() != ""]
    filled = len(written) / max(1, len(cells))
    distinct = written.nunique()
    repeated = 1.0 - distinct / max(1, len(cells))
    varied = 1.0 if distinct > 1 else 0.2
    return (repeated + (1.0 if _LABEL_NAMES.search(column) else 0.0)) * filled * varied


def _holds_splits(column: pd.Series, some: pd.Series) -> bool:
    """Whether a column names splits; some of its cells are looked at first, as only few columns come into question."""
    if not set(some.str.strip().str.lower()) <= set(SPLIT_FOLDERS):
        return False
    values = set(column.str.strip().str.lower().unique())
    named = bool(_SPLIT_NAMES.search(str(column.name))) or "train" in values
    return named and len(values) > 1 and values <= set(SPLIT_FOLDERS)
