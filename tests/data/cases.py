"""Small tables and labeled texts, built in one line."""

import pandas as pd

from core.data.columns import LabeledTexts
from core.data.table import Table
from core.task import Label, Task

SENTENCES = [f"this is the sentence number {i} about something" for i in range(12)]


def make_table(**columns: list[str]) -> Table:
    return Table(pd.DataFrame(columns, dtype="str"), "x.csv")


def make_labeled(rows: list[tuple[str, Label]], task: Task, **columns: list[str]) -> LabeledTexts:
    """Labeled texts; ``columns`` are any of file_split, group and time, which are empty by default."""
    frame = pd.DataFrame({"row": range(len(rows)), "text": [t for t, _ in rows], "label": [label for _, label in rows]})
    for name in ("file_split", "group", "time"):
        frame[name] = columns.get(name, "")
    return LabeledTexts(frame, task)
