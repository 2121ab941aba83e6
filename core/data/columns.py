"""Which column is the text, which the label, what kind of task that makes: guessed, then applied."""

import re
from dataclasses import dataclass
from typing import cast, get_args

import pandas as pd

from core.data.reading import Table
from core.errors import DataError
from core.task import Label, Task, TaskKind

SPLITS = ("train", "validation", "test")
_TEXT_NAMES = re.compile(
    r"text|message|review|comment|sentence|content|body|ticket|question|tweet|description", re.IGNORECASE
)
_LABEL_NAMES = re.compile(r"label|categor|class|target|sentiment|intent|topic|score|rating|tag|type", re.IGNORECASE)
_SEPARATOR = "|"
_GUESS_ROWS = 5_000
# More distinct whole numbers than this are a score rather than class names.
_MAX_NUMBERED_CLASSES = 30


@dataclass(frozen=True)
class ColumnChoice:
    """The columns that matter. ``split``, if there is one, holds "train", "validation" or "test" for each row."""

    text: str
    label: str
    kind: TaskKind
    split: str | None = None

    def __post_init__(self) -> None:
        if self.kind not in get_args(TaskKind):
            raise DataError(
                f"Expected one of {', '.join(get_args(TaskKind))} as the kind of task, found {self.kind!r}."
            )
        if self.text == self.label:
            raise DataError(
                f"The text and the label cannot both be the column {self.text!r}.", "Choose two different columns."
            )


@dataclass(frozen=True)
class LabelledTexts:
    """Texts with labels. ``frame`` has the columns row (position in the table), text, label (str, list of str or float)
    and given (the split the file itself names, else empty); ``skipped`` are rows left out for want of a text or a label."""

    frame: pd.DataFrame
    task: Task
    skipped: int

    def __len__(self) -> int:
        return len(self.frame)


def guess_columns(table: Table) -> ColumnChoice:
    """Guess text, label and task: longest varied column is the text, a repetitive (or telling) one the label.

    Raises:
        DataError: the table has fewer than two columns.
    """
    frame = table.frame.head(_GUESS_ROWS)
    if len(frame.columns) < 2:
        raise DataError(
            f"{table.name} has only one column; a text column and a label column are needed.",
            "Add a column with the label of each text.",
        )
    columns = {str(name): cells for name, cells in frame.items()}
    text = max(columns, key=lambda name: _text_likeness(name, columns[name]))
    label = max(columns.keys() - {text}, key=lambda name: (_label_likeness(name, columns[name]), name))
    return ColumnChoice(text=text, label=label, kind=guess_kind(columns[label]))


def guess_kind(labels: pd.Series) -> TaskKind:
    """Guess the kind of task from the cells of a label column."""
    cells = labels.str.strip()
    cells = cells[cells != ""]
    if cells.str.contains(_SEPARATOR, regex=False).any():
        return "multilabel"
    numbers = pd.to_numeric(cells, errors="coerce")
    distinct = cells.nunique()
    if len(cells) and numbers.notna().all() and (distinct > _MAX_NUMBERED_CLASSES or (numbers % 1 != 0).any()):
        return "regression"
    return "binary" if distinct == 2 else "multiclass"


def apply_columns(table: Table, choice: ColumnChoice) -> LabelledTexts:
    """Take text and label out of a table as the choice says.

    Raises:
        DataError: a column is missing, no usable row is left, a score is not a number, or fewer than two classes occur.
    """
    for column in filter(None, (choice.text, choice.label, choice.split)):
        if column not in table.frame.columns:
            raise DataError(
                f"{table.name} has no column {column!r}.",
                f"Its columns are: {', '.join(map(str, table.frame.columns[:20]))}.",
            )
    texts = table.frame[choice.text].str.strip()
    cells = table.frame[choice.label].str.strip()
    keep = texts != ""
    if choice.kind != "multilabel":
        keep &= cells != ""
    if not keep.any():
        raise DataError(f"No row of {table.name} has both a text and a label.", "Choose other columns.")
    labels = _labels(cells[keep], choice)
    frame = pd.DataFrame({"row": texts.index[keep], "text": texts[keep].to_numpy(), "label": labels})
    frame["given"] = _given_splits(table, choice, keep)
    return LabelledTexts(frame=frame, task=_task(labels, choice.kind), skipped=int((~keep).sum()))


def _text_likeness(column: str, cells: pd.Series) -> float:
    letters = cells.str.len().mean() * cells.nunique() / max(1, len(cells))
    return float(letters) * (3.0 if _TEXT_NAMES.search(column) else 1.0)


def _label_likeness(column: str, cells: pd.Series) -> float:
    repeated = 1.0 - cells.nunique() / max(1, len(cells))
    filled = float((cells.str.strip() != "").mean())
    return (repeated + (1.0 if _LABEL_NAMES.search(column) else 0.0)) * filled


def _labels(cells: pd.Series, choice: ColumnChoice) -> list[Label]:
    if choice.kind == "multilabel":
        return [sorted({part.strip() for part in cell.split(_SEPARATOR)} - {""}) for cell in cells]
    if choice.kind == "regression":
        numbers = pd.to_numeric(cells, errors="coerce")
        wrong = cells[numbers.isna()]
        if len(wrong):
            raise DataError(
                f"The column {choice.label!r} should hold numbers, found {wrong.iloc[0]!r}.",
                "Choose another column or another kind of task.",
            )
        return [float(number) for number in numbers]
    return cast(list[Label], cells.tolist())


def _task(labels: list[Label], kind: TaskKind) -> Task:
    if kind == "regression":
        return Task(kind, ())
    if kind == "multilabel":
        return Task(kind, tuple(sorted({name for names in labels for name in cast(list[str], names)})))
    names = tuple(sorted({str(label) for label in labels}))
    return Task("binary" if len(names) == 2 else "multiclass", names)


def _given_splits(table: Table, choice: ColumnChoice, keep: pd.Series) -> list[str]:
    if choice.split is None:
        return [""] * int(keep.sum())
    given = (
        table.frame.loc[keep, choice.split]
        .str.strip()
        .str.lower()
        .replace({"dev": "validation", "val": "validation", "valid": "validation"})
    )
    unknown = ~given.isin(SPLITS)
    if unknown.any():
        raise DataError(
            f"The split column {choice.split!r} should hold train, validation or test, found {given[unknown].iloc[0]!r}.",
            "Choose another split column, or none.",
        )
    return cast(list[str], given.tolist())
