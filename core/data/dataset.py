"""A dataset that lasts: the table as it was read, the chosen columns, the repairs and the split settings, in a folder."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Self

from core import migrations
from core.data.columns import ColumnChoice, LabeledTexts, apply_columns
from core.data.repairs import Repair, apply_repairs
from core.data.splitting import SplitConfig, fingerprint
from core.data.table import Table, UnreadableRow
from core.disk import check_disk
from core.errors import DataError
from core.limits import host_limits
from core.storage import DamagedFolder, load_folders, read_folder, read_parquet, unless_changed, write_folder
from core.task import TaskKind
from core.workspace import Workspace, belongs_to_visitor, create_folder_atomically, find_child, write_atomically

_RECORD = "dataset.json"
_TABLE = "table.parquet"


@dataclass(frozen=True)
class DatasetRef:
    """A reference to a dataset: its id, name and fingerprint when the reference was made."""

    id: str
    name: str
    fingerprint: str


@dataclass(frozen=True)
class TableSource:
    """The file that a table was read from, and how it was read."""

    file: str
    format: str
    encoding: str
    delimiter: str
    quote: str
    header: bool
    unreadable: tuple[UnreadableRow, ...] = ()


@dataclass(frozen=True)
class Dataset:
    """A dataset's folder and what its dataset.json holds.

    ``rows`` counts the labeled rows, ``labels`` the outputs that a model needs for them. ``fingerprint`` are 16 hex digits that
    name the labeled texts, whatever their order. ``parent`` is the dataset whose labels were corrected for this one.
    """

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
    source: TableSource
    parent: DatasetRef | None = None

    @property
    def id(self) -> str:
        """The folder's name."""
        return self.folder.name

    @property
    def ref(self) -> DatasetRef:
        """A reference to the dataset as it stands."""
        return DatasetRef(self.id, self.name, self.fingerprint)

    @classmethod
    def open(cls, folder: Path) -> Self:
        """The dataset in a folder.

        Raises:
            StorageError: its record is missing or damaged.
        """
        return read_folder(cls, folder, _RECORD, migrations.upgrade_dataset)

    def rename(self, name: str) -> Self:
        """The dataset under another name, on disk too."""
        return self._saved(replace(self, name=name))

    def with_parent(self, parent: DatasetRef) -> Self:
        """The dataset as a correction of another one, on disk too."""
        return self._saved(replace(self, parent=parent))

    def _saved(self, changed: Self) -> Self:
        write_folder(changed, self.folder, _RECORD)
        return changed

    def change_repairs(self, repairs: Sequence[Repair]) -> Self:
        """The dataset with other repairs, on disk too; the table stays as it was read, and runs keep their rows.

        Raises:
            DataError: too few rows are left.
        """
        labeled = apply_repairs(apply_columns(load_table(self), self.columns), repairs)
        return self._saved(
            replace(
                self,
                repairs=tuple(repairs),
                task_kind=labeled.task.kind,
                labels=labeled.task.outputs,
                rows=len(labeled),
                fingerprint=fingerprint(labeled.frame),
            )
        )


def save_dataset(
    workspace: Workspace,
    table: Table,
    columns: ColumnChoice,
    split_config: SplitConfig,
    name: str,
    repairs: Sequence[Repair] = (),
) -> Dataset:
    """A new dataset: the table as it was read, with the chosen columns and the repairs.

    Raises:
        DataError: the chosen columns do not make labeled texts.
        LimitError: it has more rows than the host allows, or the disk, or what the host grants of it, has no room for it.
    """
    host_limits(belongs_to_visitor(workspace.root)).check_rows(table.name, len(table))
    labeled = apply_repairs(apply_columns(table, columns), repairs)
    check_disk(workspace, int(table.frame.memory_usage(index=False).sum()), "The dataset")
    source = TableSource(
        table.name, table.format, table.encoding, table.delimiter, table.quote, table.header, table.unreadable
    )
    with create_folder_atomically(workspace.datasets, name) as folder:
        dataset = Dataset(
            folder=workspace.datasets / folder.name,
            name=name,
            columns=columns,
            split_config=split_config,
            repairs=tuple(repairs),
            task_kind=labeled.task.kind,
            labels=labeled.task.outputs,
            rows=len(labeled),
            fingerprint=fingerprint(labeled.frame),
            created=datetime.now(UTC).isoformat(timespec="seconds"),
            source=source,
        )
        write_atomically(folder / _TABLE, lambda path: table.frame.to_parquet(path, index=False))
        write_folder(dataset, folder, _RECORD)
    return dataset


@unless_changed(_RECORD)
def _open(folder: Path) -> Dataset:
    return Dataset.open(folder)


def list_datasets(workspace: Workspace) -> list[Dataset]:
    """The datasets of a workspace that can be opened, newest first."""
    return load_folders(workspace.datasets, _open)[0]


def damaged_datasets(workspace: Workspace) -> list[DamagedFolder]:
    """The dataset folders of a workspace that cannot be opened, newest first."""
    return load_folders(workspace.datasets, _open)[1]


def find_dataset(workspace: Workspace, identifier: str) -> Dataset:
    """The dataset with an id.

    Raises:
        DataError: there is no such dataset.
        StorageError: its record is damaged.
    """
    folder = find_child(workspace.datasets, identifier)
    if folder is None:
        raise DataError(f"There is no dataset {identifier!r}.", "Choose one on the Data page.")
    return Dataset.open(folder)


def load_table(dataset: Dataset) -> Table:
    """The table of a dataset, as it was read.

    Raises:
        StorageError: its file is missing or damaged, or a chosen column is missing.
    """
    source = dataset.source
    return Table(
        frame=read_parquet(dataset.folder / _TABLE, tuple(dataset.columns.used_columns)),
        name=source.file,
        format=source.format,
        encoding=source.encoding,
        delimiter=source.delimiter,
        quote=source.quote,
        header=source.header,
        unreadable=source.unreadable,
    )


def load_labeled(dataset: Dataset) -> LabeledTexts:
    """The labeled texts of a dataset, with its repairs applied.

    Raises:
        StorageError: its table is missing or damaged.
    """
    return apply_repairs(apply_columns(load_table(dataset), dataset.columns), dataset.repairs)
