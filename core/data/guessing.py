"""Guess the text column, the label column and the kind of task from column names and cells."""

import re
from collections.abc import Mapping
from dataclasses import replace

import numpy as np
import pandas as pd

from core.data.columns import ColumnChoice
from core.data.labels import LabelForm, guess_label_form, has_decimal_commas, parse_numbers
from core.data.table import SPLIT_ALIASES, Table, filter_rows, validate_table
from core.task import TaskKind

_TEXT_NAMES = re.compile(
    r"text|message|review|comment|sentence|content|body|ticket|question|tweet|description|abstract|utterance",
    re.IGNORECASE,
)
_LABEL_NAMES = re.compile(
    r"label|categor|class|target|sentiment|intent|topic|score|rating|tag|type|stars", re.IGNORECASE
)
_SPLIT_NAMES = re.compile(r"split|fold|subset|partition", re.IGNORECASE)
_MAX_OBJECT_SHARE = 0.5
_SAMPLED_ROWS = 5_000
# A column with more distinct numbers than this holds scores, not class ids.
_MAX_CLASS_IDS = 30
_FLAGS = {"0", "1", "0.0", "1.0", "true", "false", "yes", "no", ""}
_MIN_FLAG_COLUMNS = 3


def guess_columns(table: Table) -> ColumnChoice:
    """The guessed columns: the text is the longest varied column, the label a repetitive one or one with a typical name.

    Raises:
        DataError: the table has fewer than two columns.
    """
    validate_table(table, columns_needed=2)
    sample = filter_rows(table.frame, np.arange(len(table)) % max(1, len(table) // _SAMPLED_ROWS) == 0)
    columns = {str(name): cells for name, cells in sample.items()}
    text = max(columns, key=lambda name: _text_score(name, columns[name]))
    split = next((name for name in columns if name != text and _holds_splits(table.frame[name], columns[name])), None)
    rest = {name: cells for name, cells in columns.items() if name not in (text, split)} or {
        name: cells for name, cells in columns.items() if name != text
    }
    flags = [
        name for name, cells in rest.items() if set(cells.str.strip().str.lower()) <= _FLAGS and cells.nunique() > 1
    ]
    # A column of JSON objects, as labeling tools export them, is not a label.
    rest = {
        name: cells for name, cells in rest.items() if not cells.str.match(r"\[?\{").mean() > _MAX_OBJECT_SHARE
    } or rest
    label = max(rest, key=lambda name: _label_score(name, rest[name]))
    if len(flags) >= _MIN_FLAG_COLUMNS and (label in flags or not _LABEL_NAMES.search(label)):
        return ColumnChoice(text, flags[0], "multilabel", split, form="columns", label_columns=tuple(flags))
    label = _find_name_column(label, rest)
    kind, form = guess_kind(columns[label])
    return ColumnChoice(text=text, label=label, kind=kind, split=split, form=form)


def resolve_columns(
    table: Table,
    text: str | None = None,
    label: str | None = None,
    kind: TaskKind | None = None,
    names: tuple[tuple[str, str], ...] = (),
) -> ColumnChoice:
    """The columns and the task that the user chose, with guesses for what is None.

    Raises:
        DataError: a chosen column is missing.
    """
    table.require_columns(filter(None, (text, label)))
    guess = guess_columns(table)
    if label is None and text == guess.label:
        label = guess.text
    if label is not None and (label, text or guess.text) != (guess.label, guess.text):
        guessed_kind, form = guess_kind(table.frame[label])
        split = guess.split if guess.split not in (text, label) else None
        guess = ColumnChoice(text or guess.text, label, guessed_kind, split, form)
    elif text:
        guess = replace(guess, text=text)
    if kind is not None and kind != guess.kind:
        guess = replace(guess, kind=kind, form=_form_for(kind, guess.form), label_columns=())
    return replace(guess, names=names)


def _form_for(kind: TaskKind, guess: LabelForm) -> LabelForm:
    if kind != "multilabel":
        return "plain"
    return guess if guess not in ("plain", "columns") else "|"


def guess_kind(cells: pd.Series) -> tuple[TaskKind, LabelForm]:
    """The kind of task and the way labels are written, guessed from the cells of a label column."""
    cells = cells.str.strip()
    cells = cells[cells != ""].head(_SAMPLED_ROWS)
    distinct = cells.nunique()
    numbers = parse_numbers(cells)
    if len(cells) and not np.isnan(numbers).any() and has_decimal_commas(cells):
        if distinct > _MAX_CLASS_IDS or bool((numbers % 1 != 0).any()):
            return "regression", "plain"
    elif (form := guess_label_form(cells)) != "plain":
        return "multilabel", form
    return ("binary" if distinct == 2 else "multiclass"), "plain"


def _find_name_column(label: str, columns: Mapping[str, pd.Series]) -> str:
    """The column that holds the class names where ``label`` holds the class ids; otherwise ``label``."""
    ids = columns[label]
    if np.isnan(parse_numbers(ids)).any() or ids.nunique() < 2:
        return label
    for name, cells in columns.items():
        if name == label or (cells.str.strip() == "").any() or not np.isnan(parse_numbers(cells)).all():
            continue
        pairs = pd.DataFrame({"id": ids, "name": cells}).drop_duplicates()
        if len(pairs) == ids.nunique() == cells.nunique():
            return name
    return label


def _text_score(column: str, cells: pd.Series) -> float:
    distinct_length = cells.str.len().mean() * cells.nunique() / max(1, len(cells))
    return float(distinct_length) * (3.0 if _TEXT_NAMES.search(column) else 1.0)


def _label_score(column: str, cells: pd.Series) -> float:
    nonempty = cells[cells.str.strip() != ""]
    filled = len(nonempty) / max(1, len(cells))
    distinct = nonempty.nunique()
    repetition = 1.0 - distinct / max(1, len(cells))
    variation = 1.0 if distinct > 1 else 0.2
    return (repetition + (1.0 if _LABEL_NAMES.search(column) else 0.0)) * filled * variation


def _holds_splits(column: pd.Series, sample: pd.Series) -> bool:
    """Whether a column assigns splits. The sample is checked first, because it rules out nearly every column."""
    if not set(sample.str.strip().str.lower()) <= set(SPLIT_ALIASES):
        return False
    values = set(column.str.strip().str.lower().unique())
    has_split_name = bool(_SPLIT_NAMES.search(str(column.name))) or "train" in values
    return has_split_name and len(values) > 1 and values <= set(SPLIT_ALIASES)
