"""The columns that matter, and the labelled texts that are taken out of a table by them."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, Self, cast, get_args

import numpy as np
import numpy.typing as npt
import pandas as pd

from core.data import labels as label_cells
from core.data.labels import LabelForm
from core.data.table import SPLIT_FOLDERS, STRINGS, Table, stripped
from core.errors import DataError
from core.task import Task, TaskKind

SPLITS = ("train", "validation", "test")
_SET = {"1", "1.0", "true", "yes"}


@dataclass(frozen=True)
class ColumnChoice:
    """The columns that matter, and how a label is written in its cell.

    ``label_columns`` stand in for ``label`` where each label has a column of 0 and 1. ``split`` holds "train", "validation" or
    "test"; rows that agree in ``group`` stay in one split; ``time`` orders rows for a split by time. ``names`` are what label
    ids stand for, as pairs (id, name).
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

    def __post_init__(self) -> None:
        if self.kind not in get_args(TaskKind):
            raise DataError(
                f"Expected one of {', '.join(get_args(TaskKind))} as the kind of task, found {self.kind!r}."
            )
        if self.form not in get_args(LabelForm):
            raise DataError(f"Expected one of {', '.join(get_args(LabelForm))} as form, found {self.form!r}.")
        if self.text == self.label:
            raise DataError(
                f"The text and the label cannot both be the column {self.text!r}.", "Choose two different columns."
            )

    @property
    def used(self) -> list[str]:
        """The columns that have to be there."""
        one = () if self.label_columns else (self.label,)
        return [name for name in (self.text, *one, *self.label_columns, self.split, self.group, self.time) if name]

    @classmethod
    def from_json(cls, record: Mapping[str, Any]) -> Self:
        """The choice whose ``dataclasses.asdict`` went through JSON."""
        names = tuple((str(key), str(name)) for key, name in record["names"])
        return cls(**{**record, "label_columns": tuple(record["label_columns"]), "names": names})


@dataclass(frozen=True)
class LabeledTexts:
    """Texts with labels. ``frame`` has the columns row (position in the table), text, label (str, list of str or float), given
    (the split the file itself names, else empty), group and time (empty where there are none). ``unlabeled`` has row and text
    of those still to be predicted; ``skipped`` counts rows without a text."""

    frame: pd.DataFrame
    task: Task
    skipped: int = 0
    unlabeled: pd.DataFrame = field(default_factory=lambda: pd.DataFrame({"row": [], "text": []}))

    def __len__(self) -> int:
        return len(self.frame)

    def first(self, rows: int) -> "LabeledTexts":
        """The first so many labelled rows."""
        return self if len(self) <= rows else replace(self, frame=self.frame.head(rows))


def apply_columns(table: Table, choice: ColumnChoice) -> LabeledTexts:
    """Take text and label out of a table as the choice says.

    Raises:
        DataError: a column is missing, no usable row is left, a score is not a number, or fewer than two classes occur.
    """
    for column in choice.used:
        if column not in table.frame.columns:
            raise DataError(
                f"{table.name} has no column {column!r}.",
                f"Its columns are: {', '.join(map(str, table.frame.columns[:20]))}.",
            )
    texts = stripped(table.frame[choice.text])
    written = (texts != "").to_numpy(dtype=bool)
    labeled = written & _has_label(table, choice)
    if not labeled.any():
        raise DataError(f"No row of {table.name} has both a text and a label.", "Choose other columns.")
    labels = _labels(table, choice, labeled)
    rows = np.flatnonzero(labeled)
    frame = pd.DataFrame({"row": rows})
    frame["text"] = (texts if labeled.all() else texts[labeled]).array
    frame["label"] = labels.array
    frame["given"] = _given_splits(table, choice, labeled)
    for name in ("group", "time"):
        column = getattr(choice, name)
        frame[name] = table.frame.loc[labeled, column].array if column else ""
    open_rows = np.flatnonzero(written & ~labeled)
    unlabeled = pd.DataFrame({"row": open_rows, "text": texts[written & ~labeled].array})
    return LabeledTexts(frame, task_of(frame["label"], choice.kind), int((~written).sum()), unlabeled)


def task_of(labels: pd.Series, kind: TaskKind) -> Task:
    """The task that these labels make, its names in alphabetical order."""
    if kind == "regression":
        return Task(kind, ())
    if kind == "multilabel":
        return Task(kind, tuple(sorted({name for names in labels for name in names})))
    names = tuple(sorted(map(str, labels.unique())))
    return Task("binary" if len(names) == 2 else "multiclass", names)


def label_counts(labels: pd.Series) -> Counter[str]:
    """Rows of each label name."""
    if len(labels) and isinstance(labels.iloc[0], list):
        return Counter(name for names in labels for name in names)
    return Counter({str(name): int(count) for name, count in labels.value_counts().items()})


def _has_label(table: Table, choice: ColumnChoice) -> npt.NDArray[np.bool_]:
    if choice.kind == "multilabel":  # a row may have none of the labels
        return np.ones(len(table.frame), dtype=bool)
    return (table.frame[choice.label].str.strip() != "").to_numpy(dtype=bool)


def _labels(table: Table, choice: ColumnChoice, rows: npt.NDArray[np.bool_]) -> pd.Series:
    names = dict(choice.names)
    if choice.label_columns:
        flags = np.stack(
            [table.frame.loc[rows, name].str.strip().str.lower().isin(_SET) for name in choice.label_columns], 1
        )
        held = [[choice.label_columns[i] for i in np.flatnonzero(row)] for row in flags]
        return pd.Series(held, dtype=object)
    cells = table.frame.loc[rows, choice.label].str.strip().reset_index(drop=True)
    if choice.kind == "multilabel":
        parts = [label_cells.split_cell(cell, choice.form) for cell in cells]
        return pd.Series([sorted({names.get(part, part) for part in held}) for held in parts], dtype=object)
    if choice.kind == "regression":
        numbers = label_cells.numbers(cells)
        if np.isnan(numbers).any():
            raise DataError(
                f"The column {choice.label!r} should hold numbers, found {cells[np.isnan(numbers)].iloc[0]!r}.",
                "Choose another column or another kind of task.",
            )
        return pd.Series(numbers)
    return cells.map(lambda cell: names.get(cell, cell)).astype(STRINGS) if names else cells


def _given_splits(table: Table, choice: ColumnChoice, rows: npt.NDArray[np.bool_]) -> Sequence[str] | str:
    if choice.split is None:
        return ""
    cells = table.frame.loc[rows, choice.split].str.strip().str.lower()
    given = cells.map(SPLIT_FOLDERS)
    if given.isna().any():
        raise DataError(
            f"The split column {choice.split!r} should hold train, validation or test, found {cells[given.isna()].iloc[0]!r}.",
            "Choose another split column, or none.",
        )
    return cast(Sequence[str], given.astype(STRINGS).array)
