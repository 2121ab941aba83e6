"""Corrected predictions: what visitors say the right label is, kept in ``<workspace>/corrections.jsonl`` for the next training.

Each line is a JSON object with a format version. Lines are only appended; a damaged line is skipped.
"""

import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from datetime import UTC, datetime

import pandas as pd

from core.data.columns import ColumnChoice
from core.data.table import MAX_CELL_CHARACTERS, Table, frame_from_strings
from core.errors import DataError
from core.storage import append_record, read_appended
from core.task import Label, TaskKind
from core.workspace import Workspace

TABLE_NAME = "Corrections"
_COLUMNS = ("text", "label", "prediction", "model", "run", "time")


@dataclass(frozen=True)
class Correction:
    """A text, what the model predicted for it, and its correct label.

    ``run`` is the id of the model's run, empty for the demo model; ``model`` is the model's title. ``time`` is in UTC.
    """

    text: str
    prediction: Label
    correct: Label
    kind: TaskKind
    run: str
    model: str
    time: str

    def __post_init__(self) -> None:
        if not self.text.strip():
            raise DataError("A correction needs a text.", "Type a text.")
        if len(self.text) > MAX_CELL_CHARACTERS:
            raise DataError(
                f"A correction can have up to {MAX_CELL_CHARACTERS:,} characters, found {len(self.text):,}.",
                "Shorten the text.",
            )
        expected = {"multilabel": list, "regression": float}.get(self.kind, str)
        for label in (self.prediction, self.correct):
            if not isinstance(label, expected):
                raise DataError(f"Expected a label of type {expected.__name__}, found {label!r}.")


def now() -> str:
    """The present time, as corrections keep it."""
    return datetime.now(UTC).isoformat(timespec="seconds")


def append_correction(workspace: Workspace, correction: Correction) -> None:
    """Add a correction to the file of a workspace.

    Raises:
        StudioError: the file cannot be written, such as on a full disk.
    """
    append_record(workspace.corrections, asdict(correction), new_folder=True)


def list_corrections(workspace: Workspace) -> list[Correction]:
    """The corrections of a workspace, oldest first, without damaged lines and lines of newer versions."""
    return read_appended(Correction, workspace.corrections)


def corrections_table(corrections: Sequence[Correction], rows: pd.DataFrame | None = None) -> Table:
    """The corrections as a table that Data can use; of several corrections of one text, the last.

    Args:
        corrections: corrections of one kind of task.
        rows: labeled texts to put below them (columns text and label), such as those that the model was trained on.
            Corrections replace rows with the same text.

    Returns:
        A table with the columns text, label, prediction, model, run and time. Several labels are a JSON list.
    """
    last = {
        item.text.strip(): (item.text, _cell(item.correct), _cell(item.prediction), item.model, item.run, item.time)
        for item in corrections
    }
    cells: list[tuple[str, ...]] = list(last.values())
    if rows is not None:
        pairs = zip(rows["text"], rows["label"], strict=True)
        cells += [(str(text), _cell(label), "", "", "", "") for text, label in pairs if text.strip() not in last]
    columns = [[row[position] for row in cells] for position in range(len(_COLUMNS))]
    return Table(frame_from_strings(columns, _COLUMNS), TABLE_NAME, format="JSON Lines")


def correction_columns(kind: TaskKind) -> ColumnChoice:
    """The columns of a table of corrections."""
    return ColumnChoice("text", "label", kind, form="list" if kind == "multilabel" else "plain")


def _cell(label: Label) -> str:
    return json.dumps(list(label), ensure_ascii=False) if isinstance(label, list) else str(label)
