"""Brings the datasets and models of a takeout into a workspace.

The zip is not trusted: no name in it becomes a path here, models go through the checks of the model import, and tables are read
in a process with limits. Everything else in the zip is ignored.
"""

import re
import tempfile
import zipfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path

from core.data.dataset import Dataset, save_dataset
from core.data.reading.archives import ZIP_ERRORS
from core.data.reading.sandbox import read_tables
from core.errors import LimitError, StorageError, StudioError
from core.formatting import pluralize
from core.hosting.takeout import DATASETS, MODELS
from core.prediction.bundle.archive import MAX_BYTES, parse_object
from core.prediction.importing import import_bundle
from core.storage import FORMAT_VERSION, parse_record
from core.workspace import Workspace, write_atomically

_MAX_ITEMS, _MAX_ENTRIES = 500, 100_000
_MAX_RECORD_BYTES, _MAX_TABLE_BYTES = 64_000_000, 1_000_000_000
_MODEL = re.compile(MODELS + r"/[A-Za-z0-9-]{1,100}\.zip")
_TABLE = re.compile(DATASETS + r"/([A-Za-z0-9-]{1,100})/table\.parquet")
_CHUNK_BYTES = 1 << 20
_MAX_NAME = 80


@dataclass(frozen=True)
class Imported:
    """What came out of a takeout: how many datasets and models, and why others were refused."""

    datasets: int
    models: int
    refused: tuple[str, ...]

    def describe(self) -> str:
        """The numbers in words."""
        return f"{pluralize(self.datasets, 'dataset')} and {pluralize(self.models, 'model')}"


def is_takeout(path: Path) -> bool:
    """Whether a file is a zip with a folder of models or datasets of a takeout."""
    try:
        with zipfile.ZipFile(path) as archive:
            return any(_MODEL.fullmatch(name) or _TABLE.fullmatch(name) for name in archive.namelist())
    except ZIP_ERRORS:
        return False


def import_takeout(workspace: Workspace, path: Path) -> Imported:
    """Import the datasets and models of the zip at a path; one that is refused does not hinder the others.

    Raises:
        StorageError: the zip is damaged, or no takeout.
        LimitError: it holds too much.
    """
    try:
        archive = zipfile.ZipFile(path)
    except ZIP_ERRORS as error:
        raise StorageError("The zip was not imported: it is damaged.", "Download it again.") from error
    with archive, tempfile.TemporaryDirectory() as scratch:
        models, tables = _find_items(archive.namelist())
        reader = _Reader(archive, Path(scratch))
        refused_tables = _try_each(tables, lambda name: _import_dataset(workspace, reader, name))
        refused_models = _try_each(
            models, lambda name: import_bundle(workspace, reader.unpack(name, "model.zip", MAX_BYTES))
        )
    refused = (*refused_tables, *refused_models)
    return Imported(len(tables) - len(refused_tables), len(models) - len(refused_models), refused)


def _find_items(names: list[str]) -> tuple[list[str], list[str]]:
    """The names of the models and of the tables in a takeout."""
    models = [name for name in names if _MODEL.fullmatch(name)]
    tables = [name for name in names if _TABLE.fullmatch(name)]
    if not models and not tables:
        raise StorageError(
            "The zip was not imported: it holds no dataset and no model.", "Choose a zip from Take everything along."
        )
    if len(names) > _MAX_ENTRIES or len(models) + len(tables) > _MAX_ITEMS:
        raise LimitError(
            f"The zip was not imported: it holds more than {_MAX_ITEMS} datasets and models.", "Import them one by one."
        )
    return models, tables


def _try_each(names: list[str], import_item: Callable[[str], object]) -> list[str]:
    """Import each item; returns why some were refused."""
    refused = []
    for name in names:
        try:
            import_item(name)
        except StudioError as error:
            refused.append(f"{name}: {error.message}")
    return refused


@dataclass(frozen=True)
class _Reader:
    """An open zip, and a folder for one unpacked file at a time."""

    archive: zipfile.ZipFile
    scratch: Path

    def unpack(self, name: str, file_name: str, max_bytes: int) -> Path:
        """Unpack a file under another name, up to ``max_bytes``.

        Raises:
            StorageError: it is missing or damaged.
            LimitError: it is too large.
            StudioError: it cannot be written, such as on a full disk.
        """
        path = self.scratch / file_name

        def write(temporary: Path) -> None:
            with temporary.open("xb") as target:
                target.writelines(self._read_chunks(name, max_bytes))

        write_atomically(path, write)
        return path

    def _read_chunks(self, name: str, max_bytes: int) -> Iterator[bytes]:
        try:
            with self.archive.open(name) as source:
                while chunk := source.read(_CHUNK_BYTES):
                    max_bytes -= len(chunk)
                    if max_bytes < 0:
                        raise LimitError("It unpacks to more than is allowed.", "Leave it out.")
                    yield chunk
        except (*ZIP_ERRORS, KeyError) as error:
            raise StorageError("It is missing or damaged.", "Download the zip again.") from error


def _import_dataset(workspace: Workspace, reader: _Reader, name: str) -> Dataset:
    """The dataset of a table: read and split again as its record says; nothing else of the record is believed."""
    path = reader.unpack(name.replace("table.parquet", "dataset.json"), "dataset.json", _MAX_RECORD_BYTES)
    record = parse_object(path.read_text(encoding="utf-8", errors="replace"), name)
    if record.pop("format_version", 1) != FORMAT_VERSION:
        raise StorageError("It was written by another version of Finetune Studio.", "Upload its table on Data.")
    described = parse_record(Dataset, record | {"folder": path.parent}, path)
    table = read_tables({"table.parquet": reader.unpack(name, "table.parquet", _MAX_TABLE_BYTES)})
    source = described.source
    restored = replace(
        table,
        name=_clean(source.file),
        format=_clean(source.format),
        encoding=_clean(source.encoding),
        delimiter=_clean(source.delimiter),
        quote=_clean(source.quote),
        header=source.header,
    )
    title = _clean(described.name) or "Imported dataset"
    return save_dataset(workspace, restored, described.columns, described.split_config, title, described.repairs)


def _clean(text: str) -> str:
    """A text without control characters, at most 80 characters long; a tabulator stays, which is a delimiter."""
    return "".join(c for c in text[:_MAX_NAME] if c.isprintable() or c == "\t")
