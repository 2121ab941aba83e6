"""Extract labeled texts from a table: which columns matter, and what their cells mean."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import cast, get_args

import numpy as np
import numpy.typing as npt
import pandas as pd

from core.data.dates import DateOrder, normalize_dates
from core.data.labels import LabelForm, parse_numbers, split_cell
from core.data.split_column import read_splits
from core.data.table import STRING_DTYPE, Table, strip_whitespace
from core.errors import DataError
from core.task import Task, TaskKind

SPLITS = ("train", "validation", "test")
_TRUE_CELLS = {"true", "yes"}


@dataclass(frozen=True)
class ColumnChoice:
    """The columns that matter, and how labels are written in a cell.

    ``label_columns`` replace ``label`` where each label has its own column of 0 and 1. ``split`` holds "train", "validation" or
    "test". Rows with the same ``group`` stay in one split. ``time`` sorts the rows for a split by time. ``names`` are pairs
    (id, name) that turn label ids into label names. ``threshold`` is the number from which on a cell of ``label_columns`` gives
    its label. ``date_order`` is the order of day and month in ``time``; None means that it is guessed.
    """

    text: str
    label: str
    kind: TaskKind
    split: str | None = None
    form: LabelForm = "plain"
    label_columns: tuple[str, ...] = ()
    names: tuple[tuple[str, str], ...] = ()
    group: str | None = None
    time: str | None = None
    threshold: float = 0.5
    date_order: DateOrder | None = None

    def __post_init__(self) -> None:
        if self.kind not in get_args(TaskKind):
            raise DataError(
                f"Expected one of {', '.join(get_args(TaskKind))} as the kind of task, found {self.kind!r}."
            )
        if self.form not in get_args(LabelForm):
            raise DataError(f"Expected one of {', '.join(get_args(LabelForm))} as the label form, found {self.form!r}.")
        if self.date_order not in (None, *get_args(DateOrder)):
            raise DataError(
                f"Expected one of {', '.join(get_args(DateOrder))} as the order of dates, found {self.date_order!r}."
            )
        if not 0.0 < self.threshold <= 1.0:
            raise DataError(f"Expected a threshold above 0 and at most 1, found {self.threshold}.")
        if self.text == self.label:
            raise DataError(
                f"The text and the label cannot both be in the column {self.text!r}.", "Choose two different columns."
            )

    @property
    def used_columns(self) -> list[str]:
        """The names of the columns that are read."""
        labels = self.label_columns or (self.label,)
        return [name for name in (self.text, *labels, self.split, self.group, self.time) if name]


@dataclass(frozen=True)
class LabeledTexts:
    """Labeled texts and their task.

    ``frame`` has the columns row (position in the table), text, label (str, list of str or float), file_split (the split that
    the file assigns, or empty), group and time (empty where there is no such column). ``unlabeled`` has the columns row and
    text of the rows without a label. ``skipped`` is the number of rows without a text.
    """

    frame: pd.DataFrame
    task: Task
    skipped: int = 0
    unlabeled: pd.DataFrame = field(default_factory=lambda: pd.DataFrame({"row": [], "text": []}))

    def __len__(self) -> int:
        return len(self.frame)

    def head(self, rows: int) -> "LabeledTexts":
        """The first ``rows`` labeled texts."""
        return self if len(self) <= rows else replace(self, frame=self.frame.head(rows))


def apply_columns(table: Table, choice: ColumnChoice) -> LabeledTexts:
    """The labeled texts in the chosen columns of a table.

    Raises:
        DataError: a column is missing, no usable row is left, a score is not a number, or there are fewer than two classes.
    """
    table.require_columns(choice.used_columns)
    texts = strip_whitespace(table.frame[choice.text])
    has_text = (texts != "").to_numpy(dtype=bool)
    labeled = has_text & _has_label(table, choice)
    if not labeled.any():
        raise DataError(f"No row of {table.name} has both a text and a label.", "Choose other columns.")
    labels = _read_labels(table, choice, labeled)
    frame = pd.DataFrame({"row": np.flatnonzero(labeled)})
    frame["text"] = (texts if labeled.all() else texts[labeled]).array
    frame["label"] = labels.array
    frame["file_split"] = _read_splits(table, choice, labeled)
    for name in ("group", "time"):
        column = getattr(choice, name)
        frame[name] = table.frame.loc[labeled, column].array if column else ""
    if choice.time:
        frame["time"] = normalize_dates(frame["time"], choice.date_order)
    without_label = has_text & ~labeled
    unlabeled = pd.DataFrame({"row": np.flatnonzero(without_label), "text": texts[without_label].array})
    return LabeledTexts(frame, infer_task(frame["label"], choice.kind), int((~has_text).sum()), unlabeled)


def infer_task(labels: pd.Series, kind: TaskKind) -> Task:
    """The task that these labels make, with its label names in alphabetical order."""
    if kind == "regression":
        return Task(kind, ())
    if kind == "multilabel":
        return Task(kind, tuple(sorted({name for names in labels for name in names})))
    names = tuple(sorted(map(str, labels.unique())))
    return Task("binary" if len(names) == 2 else "multiclass", names)


def label_counts(labels: pd.Series) -> Counter[str]:
    """The number of rows of each label."""
    if len(labels) and isinstance(labels.iloc[0], list):
        return Counter(name for names in labels for name in names)
    return Counter({str(name): int(count) for name, count in labels.value_counts().items()})


def _has_label(table: Table, choice: ColumnChoice) -> npt.NDArray[np.bool_]:
    """Which rows have a label. Every row of a multi-label task has: it may have none of the labels."""
    if choice.kind == "multilabel":
        return np.ones(len(table.frame), dtype=bool)
    return (table.frame[choice.label].str.strip() != "").to_numpy(dtype=bool)


def _read_labels(table: Table, choice: ColumnChoice, rows: npt.NDArray[np.bool_]) -> pd.Series:
    names = dict(choice.names)
    if choice.label_columns:
        flags = np.stack(
            [_read_flags(table.frame.loc[rows, name], choice.threshold) for name in choice.label_columns], 1
        )
        return pd.Series([[choice.label_columns[i] for i in np.flatnonzero(row)] for row in flags], dtype=object)
    cells = table.frame.loc[rows, choice.label].str.strip().reset_index(drop=True)
    if choice.kind == "multilabel":
        parts = [split_cell(cell, choice.form) for cell in cells]
        return pd.Series([sorted({names.get(label, label) for label in labels}) for labels in parts], dtype=object)
    if choice.kind == "regression":
        scores = parse_numbers(cells)
        if np.isnan(scores).any():
            raise DataError(
                f"Expected numbers in the column {choice.label!r}, found {cells[np.isnan(scores)].iloc[0]!r}.",
                "Choose another column or another kind of task.",
            )
        return pd.Series(scores)
    return cells.map(lambda cell: names.get(cell, cell)).astype(STRING_DTYPE) if names else cells


def _read_flags(cells: pd.Series, threshold: float) -> npt.NDArray[np.bool_]:
    """Which cells give their label: those that say yes, and numbers from the threshold on."""
    cells = cells.str.strip().str.lower()
    numbers = pd.to_numeric(cells, errors="coerce").to_numpy(dtype=np.float64)
    return np.asarray(cells.isin(_TRUE_CELLS).to_numpy(dtype=bool) | (numbers >= threshold))


def _read_splits(table: Table, choice: ColumnChoice, rows: npt.NDArray[np.bool_]) -> Sequence[str] | str:
    if choice.split is None:
        return ""
    cells = table.frame.loc[rows, choice.split]
    splits = read_splits(choice.split, cells)
    if splits.isna().any():
        raise DataError(
            f"Expected train, validation or test in the split column {choice.split!r}, "
            f"found {cells[splits.isna()].iloc[0]!r}.",
            "Choose another split column, or none.",
        )
    return cast(Sequence[str], splits.array)
