"""A data set that lasts: the table as it was read, the columns that matter and how it is split, in a folder."""

import hashlib
from collections.abc import Sequence
from dataclasses import asdict, dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, cast

import pandas as pd

from core.data.columns import ColumnChoice, LabelledTexts, apply_columns
from core.data.reading import Table
from core.data.splitting import SplitPlan
from core.errors import DataError
from core.workspace import Workspace, being_made, folders, member, read_json, write_atomically, write_json

_RECORD = "dataset.json"
_TABLE = "table.parquet"


@dataclass(frozen=True)
class Dataset:
    """What dataset.json records; ``rows`` counts the labelled rows, ``labels`` the outputs a model needs for them."""

    folder: Path
    name: str
    columns: ColumnChoice
    plan: SplitPlan
    task_kind: str
    labels: int
    rows: int
    fingerprint: str
    created: str

    @property
    def id(self) -> str:
        """The folder's name."""
        return self.folder.name


def fingerprint(labelled: LabelledTexts) -> str:
    """16 hex digits that name the texts and labels, whatever their order."""
    lines = sorted(
        f"{text}\0{label}" for text, label in zip(labelled.frame["text"], labelled.frame["label"], strict=True)
    )
    return hashlib.sha256("\n".join(lines).encode()).hexdigest()[:16]


def save_dataset(workspace: Workspace, table: Table, columns: ColumnChoice, plan: SplitPlan, name: str) -> Dataset:
    """Store a table with its column choice as a new data set.

    Raises:
        DataError: the chosen columns do not make labelled texts.
    """
    labelled = apply_columns(table, columns)
    record = {
        "name": name,
        "columns": asdict(columns),
        "plan": asdict(plan),
        "task_kind": labelled.task.kind,
        "labels": labelled.task.outputs,
        "rows": len(labelled),
        "fingerprint": fingerprint(labelled),
        "created": datetime.now(UTC).isoformat(timespec="seconds"),
        "source": {"file": table.name, "encoding": table.encoding, "delimiter": table.delimiter},
    }
    with being_made(workspace.datasets, name) as folder:
        write_atomically(folder / _TABLE, lambda path: table.frame.to_parquet(path, index=False))
        write_json(folder / _RECORD, record)
    return _from_record(workspace.datasets / folder.name, record)


def list_datasets(workspace: Workspace) -> list[Dataset]:
    """All data sets of a workspace, newest first."""
    return [_from_record(folder, read_json(folder / _RECORD)) for folder in folders(workspace.datasets, _RECORD)]


def find_dataset(workspace: Workspace, identifier: str) -> Dataset:
    """The data set of that id.

    Raises:
        DataError: there is none.
    """
    folder = member(workspace.datasets, identifier)
    if folder is None:
        raise DataError(f"There is no data set {identifier!r}.", "Choose one on the Data page.")
    return _from_record(folder, read_json(folder / _RECORD))


def load_table(dataset: Dataset) -> Table:
    """The table of a data set, as it was read."""
    source = read_json(dataset.folder / _RECORD)["source"]
    return Table(pd.read_parquet(dataset.folder / _TABLE), source["file"], source["encoding"], source["delimiter"])


def load_labelled(dataset: Dataset) -> LabelledTexts:
    """The labelled texts of a data set."""
    return apply_columns(load_table(dataset), dataset.columns)


def join_tables(tables: Sequence[tuple[str, Table]], column: str = "split") -> Table:
    """Tables of the same columns as one, with a column that says which split each row came from.

    Raises:
        DataError: a table lacks a column of the first.
    """
    first = tables[0][1]
    parts = []
    for split, table in tables:
        if missing := [name for name in first.frame.columns if name not in table.frame.columns]:
            raise DataError(
                f"{table.name} has no column {missing[0]!r}, which {first.name} has.",
                "Give all files the same columns.",
            )
        parts.append(table.frame[list(first.frame.columns)].assign(**{column: split}))
    return replace(first, frame=pd.concat(parts, ignore_index=True))


def _from_record(folder: Path, record: dict[str, Any]) -> Dataset:
    return Dataset(
        folder=folder,
        name=cast(str, record["name"]),
        columns=ColumnChoice(**record["columns"]),
        plan=SplitPlan(**record["plan"]),
        task_kind=record["task_kind"],
        labels=record["labels"],
        rows=record["rows"],
        fingerprint=record["fingerprint"],
        created=record["created"],
    )
