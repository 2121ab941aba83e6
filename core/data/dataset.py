"""A data set that lasts: the table as it was read, the columns that matter and how it is split, in a folder."""

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, cast

import pandas as pd

from core.data.columns import ColumnChoice, LabeledTexts, apply_columns
from core.data.repairs import Repair, apply_repairs
from core.data.splitting import SplitConfig, fingerprint
from core.data.table import Table, UnreadableRow
from core.errors import DataError
from core.task import TaskKind
from core.workspace import (
    Workspace,
    create_folder_atomically,
    find_child,
    folders,
    read_json,
    write_atomically,
    write_json,
)

_RECORD = "dataset.json"
_TABLE = "table.parquet"


@dataclass(frozen=True)
class Dataset:
    """What dataset.json records; ``rows`` counts the labelled rows, ``labels`` the outputs a model needs for them."""

    folder: Path
    name: str
    columns: ColumnChoice
    split_config: SplitConfig
    repairs: tuple[Repair, ...]
    task_kind: TaskKind
    labels: int
    rows: int
    fingerprint: str
    created: str

    @property
    def id(self) -> str:
        """The folder's name."""
        return self.folder.name


def save_dataset(
    workspace: Workspace,
    table: Table,
    columns: ColumnChoice,
    split_config: SplitConfig,
    name: str,
    repairs: Sequence[Repair] = (),
) -> Dataset:
    """Store a table as it was read, with its column choice and the repairs made, as a new data set.

    Raises:
        DataError: the chosen columns do not make labelled texts.
    """
    source = {
        "file": table.name,
        "form": table.form,
        "encoding": table.encoding,
        "delimiter": table.delimiter,
        "quote": table.quote,
        "header": table.header,
        "unreadable": [asdict(row) for row in table.unreadable],
    }
    record = {
        "name": name,
        "columns": asdict(columns),
        "split_config": asdict(split_config),
        "created": datetime.now(UTC).isoformat(timespec="seconds"),
        "source": source,
    } | _contents(apply_repairs(apply_columns(table, columns), repairs), repairs)
    with create_folder_atomically(workspace.datasets, name) as folder:
        write_atomically(folder / _TABLE, lambda path: table.frame.to_parquet(path, index=False))
        write_json(folder / _RECORD, record)
    return _from_record(workspace.datasets / folder.name, record)


def _contents(labeled: LabeledTexts, repairs: Sequence[Repair]) -> dict[str, Any]:
    """What dataset.json says of the rows after the repairs."""
    return {
        "repairs": [repair.to_json() for repair in repairs],
        "task_kind": labeled.task.kind,
        "labels": labeled.task.outputs,
        "rows": len(labeled),
        "fingerprint": fingerprint(labeled.frame),
    }


def change_repairs(dataset: Dataset, repairs: Sequence[Repair]) -> Dataset:
    """The data set with other repairs; the table is kept as it was read, and runs keep the rows they were trained on.

    Raises:
        DataError: too little would be left.
    """
    labeled = apply_repairs(apply_columns(load_table(dataset), dataset.columns), repairs)
    record = read_json(dataset.folder / _RECORD) | _contents(labeled, repairs)
    write_json(dataset.folder / _RECORD, record)
    return _from_record(dataset.folder, record)


def rename_dataset(dataset: Dataset, name: str) -> Dataset:
    """The data set under another name."""
    record = read_json(dataset.folder / _RECORD) | {"name": name}
    write_json(dataset.folder / _RECORD, record)
    return _from_record(dataset.folder, record)


def list_datasets(workspace: Workspace) -> list[Dataset]:
    """All data sets of a workspace, newest first."""
    return [_from_record(folder, read_json(folder / _RECORD)) for folder in folders(workspace.datasets, _RECORD)]


def find_dataset(workspace: Workspace, identifier: str) -> Dataset:
    """The data set of that id.

    Raises:
        DataError: there is none.
    """
    folder = find_child(workspace.datasets, identifier)
    if folder is None:
        raise DataError(f"There is no data set {identifier!r}.", "Choose one on the Data page.")
    return _from_record(folder, read_json(folder / _RECORD))


def load_table(dataset: Dataset) -> Table:
    """The table of a data set, as it was read."""
    source = read_json(dataset.folder / _RECORD)["source"]
    return Table(
        frame=pd.read_parquet(dataset.folder / _TABLE),
        name=source["file"],
        form=source["form"],
        encoding=source["encoding"],
        delimiter=source["delimiter"],
        quote=source["quote"],
        header=source["header"],
        unreadable=tuple(UnreadableRow(**row) for row in source["unreadable"]),
    )


def load_labelled(dataset: Dataset) -> LabeledTexts:
    """The labelled texts of a data set, repaired."""
    return apply_repairs(apply_columns(load_table(dataset), dataset.columns), dataset.repairs)


def _from_record(folder: Path, record: dict[str, Any]) -> Dataset:
    return Dataset(
        folder=folder,
        name=cast(str, record["name"]),
        columns=ColumnChoice.from_json(record["columns"]),
        split_config=SplitConfig(**record["split_config"]),
        repairs=tuple(Repair.from_json(step) for step in record["repairs"]),
        task_kind=record["task_kind"],
        labels=record["labels"],
        rows=record["rows"],
        fingerprint=record["fingerprint"],
        created=record["created"],
    )
