"""Opens the zip of a run from an unknown source: names, kinds and sizes are checked before anything is unpacked."""

import json
import stat
import zipfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from core.data.reading.archives import ZIP_ERRORS
from core.formatting import pluralize
from core.prediction.bundle import layout
from core.prediction.bundle.refusal import refusal, too_large
from core.workspace import write_atomically

MAX_BYTES = 4_000_000_000
_MAX_FILES, _MAX_DIRECTORY_BYTES = 100, 100_000
# The ratio of unpacked to packed size is limited for files that unpack to more than a megabyte.
_MAX_RATIO, _MIN_RATIO_BYTES = 100, 1_000_000
_MAX_FILE_BYTES = {
    ".json": 64_000_000,
    ".jsonl": 1_000_000_000,
    ".parquet": 1_000_000_000,
    ".safetensors": MAX_BYTES,
    ".onnx": MAX_BYTES,
}
_MAX_OTHER_BYTES = 4_000_000
_CHUNK_BYTES = 1 << 20
_FOLDERS = {"model/", "model/onnx/", "splits/", "evaluation/", "evaluation/validation/", "evaluation/test/"}
_END_OF_DIRECTORY, _END_BYTES = b"PK\x05\x06", 22
# Zips of more than 2 GB state the size of the list once more in a record of 64-bit numbers, which then counts.
_END_64_LOCATOR, _END_64_LOCATOR_BYTES, _END_64_BYTES = b"PK\x06\x07", 20, 56
_MAX_DEPTH = 100


@dataclass(frozen=True)
class Bundle:
    """An open zip whose names and declared sizes are allowed."""

    archive: zipfile.ZipFile

    def has(self, name: str) -> bool:
        """Whether the zip contains a file."""
        return name in self.archive.NameToInfo

    def unpack(self, name: str, folder: Path) -> Path:
        """Unpack a file into a folder under the last part of its name, with a budget of its declared size.

        Raises:
            StorageError: the file is missing or damaged.
            StudioError: it cannot be written, such as on a full disk.
        """
        if not self.has(name):
            raise refusal(f"{name} is missing")
        path = folder / name.rpartition("/")[2]

        def write(temporary: Path) -> None:
            with temporary.open("xb") as target:
                target.writelines(self._read_chunks(name))

        write_atomically(path, write)
        return path

    def _read_chunks(self, name: str) -> Iterator[bytes]:
        budget = self.archive.getinfo(name).file_size
        try:
            with self.archive.open(name) as source:
                while chunk := source.read(_CHUNK_BYTES):
                    budget -= len(chunk)
                    if budget < 0:
                        raise refusal(f"{name} is larger than the zip declares")
                    yield chunk
        except ZIP_ERRORS as error:
            raise refusal(f"{name} is damaged") from error

    def read_json(self, name: str, folder: Path, allow_nan: bool = False) -> dict[str, Any]:
        """The JSON object in a file, which is unpacked into a folder for that.

        ``allow_nan`` accepts NaN and infinity, which Python writes although JSON does not have them.

        Raises:
            StorageError: the file is missing, damaged or not a JSON object.
        """
        path = self.unpack(name, folder)
        try:
            return parse_object(path.read_text(encoding="utf-8"), name, allow_nan)
        except UnicodeDecodeError as error:
            raise refusal(f"{name} is not valid JSON") from error
        finally:
            path.unlink()


def parse_object(text: str, name: str, allow_nan: bool = False) -> dict[str, Any]:
    """A text as a JSON object.

    Raises:
        StorageError: it is something else; ``name`` says where it comes from.
    """

    def refuse_constant(constant: str) -> float:
        raise ValueError(constant)

    try:
        record = json.loads(text, parse_constant=None if allow_nan else refuse_constant)
    except (ValueError, RecursionError) as error:
        raise refusal(f"{name} is not valid JSON") from error
    if not isinstance(record, dict):
        raise refusal(f"expected a JSON object in {name}, found {type(record).__name__}")
    if _is_deep(record):
        raise refusal(f"{name} is nested more than {_MAX_DEPTH} levels deep")
    return record


def _is_deep(record: dict[str, Any]) -> bool:
    """Whether containers are nested more deeply than recursive code can bear."""
    level: list[Any] = [record]
    for _ in range(_MAX_DEPTH):
        items = (item for part in level for item in (part.values() if isinstance(part, dict) else part))
        level = [item for item in items if isinstance(item, dict | list)]
        if not level:
            return False
    return True


@contextmanager
def open_bundle(path: Path) -> Iterator[Bundle]:
    """The zip at a path, open for as long as the context lasts.

    Raises:
        StorageError: it is not a zip of this app, or a file in it has a name or kind that is not allowed.
        LimitError: it is too large, or unpacks to too much.
    """
    _check_directory_size(path)
    try:
        archive = zipfile.ZipFile(path)
    except ZIP_ERRORS as error:
        raise refusal("it is damaged, or not a zip file") from error
    with archive:
        _check_entries(archive.infolist())
        yield Bundle(archive)


def _check_directory_size(path: Path) -> None:
    """Check the list of files at the end of the zip by its declared size, before it is read into memory."""
    size = path.stat().st_size
    if size > MAX_BYTES:
        raise too_large(f"it has {size:,} bytes, and at most {MAX_BYTES:,} are allowed")
    with path.open("rb") as file:
        file.seek(max(0, size - _END_64_BYTES - _END_64_LOCATOR_BYTES - _END_BYTES - 65_535))
        end = file.read()
    start = end.rfind(_END_OF_DIRECTORY)
    if start < 0 or len(end) < start + _END_BYTES:
        raise refusal("it is damaged, or not a zip file")
    directory_bytes = int.from_bytes(end[start + 12 : start + 16], "little")
    locator = start - _END_64_LOCATOR_BYTES
    if end[max(0, locator) : start].startswith(_END_64_LOCATOR):
        if locator < _END_64_BYTES:
            raise refusal("it is damaged, or not a zip file")
        record = locator - _END_64_BYTES
        directory_bytes = int.from_bytes(end[record + 40 : record + 48], "little")
    if directory_bytes > _MAX_DIRECTORY_BYTES:
        raise too_large(f"it lists far more than {_MAX_FILES} files")


def _check_entries(entries: list[zipfile.ZipInfo]) -> None:
    if len(entries) > _MAX_FILES:
        raise too_large(f"it contains {pluralize(len(entries), 'file')}, and at most {_MAX_FILES} are allowed")
    names = [entry.filename for entry in entries]
    duplicate = next((name for i, name in enumerate(names) if name in names[:i]), None)
    if duplicate is not None:
        raise refusal(f"it contains two files with the name {duplicate!r}")
    for entry in entries:
        _check_entry(entry)
    total = sum(entry.file_size for entry in entries)
    if total > MAX_BYTES:
        raise too_large(f"it unpacks to {total:,} bytes, and at most {MAX_BYTES:,} are allowed")


def _check_entry(entry: zipfile.ZipInfo) -> None:
    name = entry.filename
    kind = stat.S_IFMT(entry.external_attr >> 16)
    is_folder = name in _FOLDERS and entry.file_size == 0 and kind in (0, stat.S_IFDIR)
    if entry.orig_filename != name or not (layout.is_bundle_file(name) or is_folder):
        raise refusal(f"it contains {entry.orig_filename[:80]!r}, which does not belong to a model of this app")
    if kind not in (0, stat.S_IFREG) and not is_folder:
        raise refusal(f"{name} is not a regular file but a link or a device")
    if entry.flag_bits & 1:
        raise refusal(f"{name} is encrypted", "Export the model again, and do not set a password.")
    if entry.compress_type not in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED):
        raise refusal(f"{name} is compressed with a method that is not supported")
    limit = _MAX_FILE_BYTES.get(Path(name).suffix, _MAX_OTHER_BYTES)
    if entry.file_size > limit:
        raise too_large(f"{name} unpacks to {entry.file_size:,} bytes, and at most {limit:,} are allowed")
    if entry.file_size > _MIN_RATIO_BYTES and entry.file_size > _MAX_RATIO * max(1, entry.compress_size):
        raise too_large(f"{name} unpacks to more than {_MAX_RATIO} times its packed size")
