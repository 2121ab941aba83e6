"""Stored records: JSON files with a format version, validated when they are read, and what to do with damaged ones.

Every record that the app writes carries ``format_version``. Records without one were written by version 0.1 and are
upgraded in memory by :mod:`core.migrations`. A file that is damaged, foreign or newer raises ``StorageError``; listings
collect such folders as :class:`DamagedFolder`.
"""

import json
from collections.abc import Callable
from dataclasses import asdict, dataclass
from functools import cache, lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar, cast

import pandas as pd
from pydantic import TypeAdapter, ValidationError

from core.errors import StorageError, StudioError, storing
from core.workspace import write_json

if TYPE_CHECKING:
    from _typeshed import DataclassInstance

FORMAT_VERSION = 2
_VERSION_KEY = "format_version"
# Folders of all visitors of a host that are kept in memory; each takes some kilobytes.
_MAX_LOADED = 2_000
T = TypeVar("T")


@dataclass(frozen=True)
class DamagedFolder:
    """A dataset, run or search that cannot be opened, and why."""

    folder: Path
    problem: str

    @property
    def name(self) -> str:
        """The folder's name."""
        return self.folder.name


def write_record(path: Path, record: dict[str, Any]) -> None:
    """Write a record with its format version, atomically."""
    write_json(path, {_VERSION_KEY: FORMAT_VERSION} | record)


def append_record(path: Path, record: dict[str, Any], new_folder: bool = False) -> None:
    """Append a record with its format version to a file as one line of JSON; ``new_folder`` makes a missing folder.

    Raises:
        StorageError: the file cannot be written, such as on a full disk.
    """
    line = json.dumps({_VERSION_KEY: FORMAT_VERSION} | record, ensure_ascii=False).encode("utf-8", "replace") + b"\n"
    with storing(path.name):
        if new_folder:
            path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        path.touch(mode=0o600)
        with path.open("ab+") as file:
            # A line that was cut off by a crash must not swallow this one.
            if file.tell() and (file.seek(-1, 2), file.read(1))[1] != b"\n":
                line = b"\n" + line
            file.write(line)


def read_appended(kind: type[T], path: Path) -> list[T]:
    """The records of :func:`append_record` as dataclasses, oldest first, without damaged lines and newer versions."""
    try:
        lines = path.read_bytes().split(b"\n")
    except OSError:
        return []
    records = (_parse_line(kind, line, path) for line in lines if line.strip())
    return [record for record in records if record is not None]


def _parse_line(kind: type[T], line: bytes, path: Path) -> T | None:
    try:
        record = json.loads(line)
        if not isinstance(record, dict) or record.pop(_VERSION_KEY) != FORMAT_VERSION:
            return None
        return parse_record(kind, record, path)
    except (KeyError, RecursionError, ValueError, StudioError):
        return None


def read_record(path: Path, upgrade: Callable[[dict[str, Any]], dict[str, Any]] | None = None) -> dict[str, Any]:
    """The record in a file, without its format version; ``upgrade`` changes one of version 1 to the present format.

    Raises:
        StorageError: the file is missing, is not a JSON object, or was written by a newer version of the app.
    """
    try:
        record: Any = json.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError as error:
        raise damaged(path, "it is missing") from error
    except OSError as error:
        raise damaged(path, f"it cannot be read ({error.strerror or error})") from error
    except (ValueError, RecursionError) as error:
        raise damaged(path, "it is not valid JSON") from error
    if not isinstance(record, dict):
        raise damaged(path, f"expected a JSON object, found {type(record).__name__}")
    version = record.pop(_VERSION_KEY, 1)
    if not isinstance(version, int) or isinstance(version, bool) or version < 1:
        raise damaged(path, f"{version!r} is not a format version")
    if version > FORMAT_VERSION:
        raise StorageError(
            f"{path.name} of {path.parent.name} was written by a newer version of Finetune Studio "
            f"(format {version}; this version reads up to {FORMAT_VERSION}).",
            "Update Finetune Studio to open it.",
        )
    if version == 1 and upgrade is not None:
        try:
            record = upgrade(record)
        except (AttributeError, KeyError, TypeError, ValueError) as error:
            raise damaged(path, "a field is missing or has the wrong type") from error
    return dict(record)


def parse_record(kind: type[T], record: dict[str, Any], path: Path) -> T:
    """The record as a dataclass, with the type of every field checked.

    Raises:
        StorageError: a field is missing or has the wrong type or value; ``path`` is named in the message.
    """
    try:
        return cast(T, _adapter(cast(Any, kind)).validate_python(record))
    except ValidationError as error:
        first = error.errors()[0]
        field = ".".join(str(part) for part in first["loc"])
        raise damaged(path, f"{field}: {first['msg']}" if field else first["msg"]) from error
    except StudioError as error:
        raise damaged(path, error.message) from error
    except (AttributeError, KeyError, TypeError, ValueError) as error:
        raise damaged(path, "a field has the wrong type") from error


def read_folder(kind: type[T], folder: Path, file: str, upgrade: Callable[[dict[str, Any]], dict[str, Any]]) -> T:
    """The dataset, run or search in a folder: a dataclass with the field ``folder`` and those of the folder's record.

    Raises:
        StorageError: the record is missing or damaged.
    """
    path = folder / file
    return parse_record(kind, read_record(path, upgrade) | {"folder": folder}, path)


def write_folder(item: "DataclassInstance", folder: Path, file: str) -> None:
    """Write the record of a dataset, run or search into its folder, atomically."""
    record = asdict(item)
    del record["folder"]
    write_record(folder / file, record)


def read_parquet(path: Path, columns: tuple[str, ...] = ()) -> pd.DataFrame:
    """The table in a Parquet file that the app wrote; ``columns`` are those it must have.

    Raises:
        StorageError: the file is missing or damaged, or a column is missing.
    """
    try:
        frame = pd.read_parquet(path)
    except FileNotFoundError as error:
        raise damaged(path, "it is missing") from error
    except Exception as error:
        raise damaged(path, "it is not a valid Parquet file") from error
    if missing := [name for name in columns if name not in frame.columns]:
        raise damaged(path, f"the column {missing[0]!r} is missing")
    return frame


def load_folders(parent: Path, load: Callable[[Path], T]) -> tuple[list[T], list[DamagedFolder]]:
    """What the subfolders hold, newest first, and the subfolders that cannot be loaded."""
    loaded: list[T] = []
    broken: list[DamagedFolder] = []
    if parent.is_dir():
        visible = (folder for folder in parent.iterdir() if folder.is_dir() and not folder.name.startswith("."))
        for folder in sorted(visible, key=lambda folder: folder.name, reverse=True):
            try:
                loaded.append(load(folder))
            except StudioError as error:
                broken.append(DamagedFolder(folder, error.message))
    return loaded, broken


def unless_changed(*files: str) -> Callable[[Callable[[Path], T]], Callable[[Path], T]]:
    """A decorator for a function that loads a folder: it loads again only when one of these files of the folder has changed.

    Each rerun of a page lists all folders of a workspace. What the function returns must not be changed.
    """

    def decorate(load: Callable[[Path], T]) -> Callable[[Path], T]:
        @lru_cache(maxsize=_MAX_LOADED)
        def load_version(folder: Path, version: tuple[tuple[int, ...], ...]) -> T:
            return load(folder)

        def load_unless_changed(folder: Path) -> T:
            return load_version(folder, tuple(_file_version(folder / file) for file in files))

        return load_unless_changed

    return decorate


def _file_version(path: Path) -> tuple[int, ...]:
    """What changes with every atomic replacement of a file; empty if there is no file."""
    try:
        status = path.stat()
    except OSError:
        return ()
    return status.st_ino, status.st_mtime_ns, status.st_size


def damaged(path: Path, problem: str) -> StorageError:
    """The error for a stored file that cannot be used."""
    return StorageError(
        f"{path.name} of {path.parent.name} is damaged: {problem}.",
        "Restore the file from a backup, or delete the folder.",
    )


@cache
def _adapter(kind: Any) -> TypeAdapter[Any]:
    return TypeAdapter(kind)
