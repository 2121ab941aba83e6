"""Guess the text column, the label column and the kind of task from column names and cells."""

import re
from collections.abc import Mapping
from dataclasses import replace

import numpy as np
import pandas as pd

from core.data.columns import ColumnChoice
from core.data.labels import LabelForm, parse_numbers
from core.data.split_column import holds_splits, is_flag_name
from core.data.table import Table, filter_rows, validate_table
from core.data.task_guess import CLASS_NAMES, ID_NAMES, SCORE_NAMES, guess_task
from core.task import TaskKind

_TEXT_WORDS = (
    "text|message|review|comment|sentence|content|body|ticket|question|tweet|description|abstract|utterance|post"
)
_TEXT_NAMES = re.compile(_TEXT_WORDS, re.IGNORECASE)
_TEXT_NAME = re.compile(f"(?:{_TEXT_WORDS})s?", re.IGNORECASE)
_MAX_OBJECT_SHARE = 0.5
_SAMPLED_ROWS = 5_000
_FLAGS = {"0", "1", "0.0", "1.0", "true", "false", "yes", "no", ""}
_MIN_FLAG_COLUMNS = 3
_MIN_ID_ROWS = 10


def guess_columns(table: Table) -> ColumnChoice:
    """The guessed columns: the text is the longest varied column, the label a repetitive one or one with a typical name.

    Raises:
        DataError: the table has fewer than two columns.
    """
    validate_table(table, columns_needed=2)
    columns = sample_columns(table)
    text = max(columns, key=lambda name: text_score(name, columns[name]))
    split = next((name for name in columns if name != text and holds_splits(table.frame[name], columns[name])), None)
    rest = label_candidates(columns, text, split)
    flags = _find_label_columns(rest)
    label = max(rest, key=lambda name: label_score(name, rest[name]))
    if len(flags) >= _MIN_FLAG_COLUMNS and (label in flags or not _has_label_name(label)):
        return ColumnChoice(text, flags[0], "multilabel", split, form="columns", label_columns=tuple(flags))
    label = _find_name_column(label, rest)
    guess = guess_task(table.frame[label], label)
    return ColumnChoice(text=text, label=label, kind=guess.kind, split=split, form=guess.form)


def sample_columns(table: Table) -> dict[str, pd.Series]:
    """The cells of each column in a sample of rows, which are spread over the table."""
    sample = filter_rows(table.frame, np.arange(len(table)) % max(1, len(table) // _SAMPLED_ROWS) == 0)
    return {str(name): cells for name, cells in sample.items()}


def label_candidates(columns: Mapping[str, pd.Series], text: str, split: str | None) -> dict[str, pd.Series]:
    """The columns that can hold labels: no identifiers, no JSON objects, if others are left."""
    rest = {name: cells for name, cells in columns.items() if name not in (text, split)} or {
        name: cells for name, cells in columns.items() if name != text
    }
    for is_excluded in (_holds_objects, is_identifier):
        rest = {name: cells for name, cells in rest.items() if not is_excluded(name, cells)} or rest
    return rest


def is_identifier(name: str, cells: pd.Series) -> bool:
    """Whether a column numbers or names the rows: distinct whole numbers in order, or distinct values in a column of ids."""
    filled = cells[cells.str.strip() != ""]
    if len(filled) < _MIN_ID_ROWS or not filled.is_unique:
        return False
    numbers = parse_numbers(filled)
    if np.isnan(numbers).any():
        return not filled.str.contains(r"\s", regex=True).any() and bool(ID_NAMES.fullmatch(name))
    steps = np.diff(numbers)
    is_counted = bool((numbers % 1 == 0).all()) and (bool((steps > 0).all()) or bool((steps < 0).all()))
    return is_counted or bool(ID_NAMES.fullmatch(name))


def _holds_objects(name: str, cells: pd.Series) -> bool:
    """Whether a column holds JSON objects, as labeling tools export them."""
    return bool(cells.str.match(r"\[?\{").mean() > _MAX_OBJECT_SHARE)


def _find_label_columns(columns: Mapping[str, pd.Series]) -> list[str]:
    """The columns of 0 and 1; if there are none, columns side by side of shares from 0 to 1."""
    flags = [
        name
        for name, cells in columns.items()
        if set(cells.str.strip().str.lower()) <= _FLAGS and cells.nunique() > 1 and not is_flag_name(name)
    ]
    return flags if len(flags) >= _MIN_FLAG_COLUMNS else _find_shares(columns)


def _find_shares(columns: Mapping[str, pd.Series]) -> list[str]:
    """The longest series of neighboring columns with shares from 0 to 1."""
    best: list[str] = []
    series: list[str] = []
    for name, cells in columns.items():
        numbers = parse_numbers(cells[cells.str.strip() != ""])
        is_share = len(numbers) > 0 and not np.isnan(numbers).any() and numbers.min() >= 0.0 and numbers.max() <= 1.0
        series = [*series, name] if is_share and len(np.unique(numbers)) > 1 else []
        best = series if len(series) > len(best) else best
    return best


def _has_label_name(name: str) -> bool:
    return bool(CLASS_NAMES.search(name) or SCORE_NAMES.search(name))


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
        task = guess_task(table.frame[label], label)
        split = guess.split if guess.split not in (text, label) else None
        guess = ColumnChoice(text or guess.text, label, task.kind, split, task.form)
    elif text:
        guess = replace(guess, text=text)
    if kind is not None and kind != guess.kind:
        guess = replace(guess, kind=kind, form=_form_for(kind, guess.form), label_columns=())
    return replace(guess, names=names)


def _form_for(kind: TaskKind, guess: LabelForm) -> LabelForm:
    if kind != "multilabel":
        return "plain"
    return guess if guess not in ("plain", "columns") else "|"


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


def text_score(column: str, cells: pd.Series) -> float:
    """How much a column looks like the texts: long, varied cells of several words, and a typical name."""
    length = float(cells.str.len().mean()) * cells.nunique() / max(1, len(cells))
    if _holds_objects(column, cells) or not cells.str.contains(" ", regex=False).mean() > 0.1:
        length /= 10.0  # addresses, identifiers, numbers
    if column.strip().lower() == "text":
        return length * 20.0
    if _TEXT_NAME.fullmatch(column.strip()):
        return length * 6.0
    if not _TEXT_NAMES.search(column):
        return length
    return length * (1.5 if "." in column else 3.0)


def label_score(column: str, cells: pd.Series) -> float:
    """How much a column looks like the labels: few different values that recur, and a typical name."""
    nonempty = cells[cells.str.strip() != ""]
    filled = len(nonempty) / max(1, len(cells))
    distinct = nonempty.nunique()
    repetition = 1.0 - distinct / max(1, len(cells))
    variation = 1.0 if distinct > 1 else 0.2
    named = 1.0 if _has_label_name(column) else 0.0
    if ID_NAMES.fullmatch(column) and not CLASS_NAMES.search(column):
        named = -0.3
    return (repetition + named) * filled * variation
