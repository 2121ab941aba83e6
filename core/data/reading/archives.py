"""gzip and zip, unpacked within limits: an archive may declare a thousand times its own size."""

import gzip
import io
import zipfile
import zlib
from collections import Counter
from pathlib import PurePosixPath
from typing import IO

from core.data.table import MAX_UNPACKED_BYTES, SPLIT_COLUMN, SPLIT_FOLDERS, Table, UnreadableRow, frame_of
from core.errors import DataError, LimitError

_MAX_MEMBERS = 200_000
_MAX_RATIO = 200
_RATIO_FREE_BYTES = 20_000_000
_STEP_BYTES = 1 << 20
_TEXT_SUFFIXES = {".txt", ".text", ""}
_WITHOUT_LABEL = {"unsup", "unlabeled"}


def gunzip(data: bytes, name: str) -> bytes:
    """What a gzip file holds.

    Raises:
        DataError: it is damaged.
        LimitError: it unpacks to too much.
    """
    try:
        with gzip.GzipFile(fileobj=io.BytesIO(data)) as file:
            return _copy(file, len(data), name)
    except (OSError, EOFError, zlib.error) as error:
        raise DataError(f"{name} is a damaged gzip file.", "Pack it again, or upload it unpacked.") from error


def open_zip(data: bytes, name: str) -> zipfile.ZipFile:
    """A zip file whose declared sizes are within limits.

    Raises:
        DataError: it is damaged.
        LimitError: too many members, or it declares too much.
    """
    try:
        archive = zipfile.ZipFile(io.BytesIO(data))
    except zipfile.BadZipFile as error:
        raise DataError(f"{name} is a damaged zip file.", "Pack it again, or upload the table itself.") from error
    declared = sum(member.file_size for member in archive.infolist())
    if len(archive.infolist()) > _MAX_MEMBERS or _too_much(declared, len(data)):
        raise _bomb(name)
    return archive


def members(archive: zipfile.ZipFile) -> list[str]:
    """Names of the files in it, without what operating systems add."""
    return [
        member.filename
        for member in archive.infolist()
        if not member.is_dir()
        and not any(part.startswith((".", "__MACOSX")) for part in PurePosixPath(member.filename).parts)
    ]


def read_member(archive: zipfile.ZipFile, member: str, name: str) -> bytes:
    """One file of a zip.

    Raises:
        DataError: it is damaged or encrypted.
        LimitError: it unpacks to more than it declared and the limits allow.
    """
    try:
        with archive.open(member) as file:
            return _copy(file, archive.getinfo(member).compress_size, name)
    except (zipfile.BadZipFile, zlib.error, RuntimeError, EOFError, NotImplementedError) as error:
        raise DataError(f"{name} is a damaged or encrypted zip file.", "Pack it again without a password.") from error


def read_class_folders(archive: zipfile.ZipFile, name: str) -> Table:
    """A zip with one folder a class and one text a file; a folder above them may name the split.

    Raises:
        DataError: the files do not lie in folders.
    """
    columns: dict[str, list[str]] = {"text": [], "label": [], "file": [], SPLIT_COLUMN: []}
    texts = [path for path in map(PurePosixPath, members(archive)) if path.suffix.lower() in _TEXT_SUFFIXES]
    depths = Counter(len(path.parts) for path in texts)
    depth = depths.most_common(1)[0][0] if texts else 0
    set_aside = []
    for number, path in enumerate(texts, start=1):
        if len(path.parts) != depth or depth < 2:  # a README beside the folders
            set_aside.append(UnreadableRow.of(number, "lies outside the folders of texts", str(path)))
            continue
        above = [SPLIT_FOLDERS[part.lower()] for part in path.parts[:-2] if part.lower() in SPLIT_FOLDERS]
        columns["text"].append(read_member(archive, str(path), name).decode("utf-8", errors="replace"))
        columns["label"].append(path.parts[-2] if path.parts[-2].lower() not in _WITHOUT_LABEL else "")
        columns["file"].append(str(path))
        columns[SPLIT_COLUMN].append(above[-1] if above else "")
    if not columns["text"]:
        raise DataError(
            f"{name} holds neither one table nor a folder of texts for each class.",
            "Pack one CSV file, or one folder a class with one .txt file a text.",
        )
    if not all(columns[SPLIT_COLUMN]):
        del columns[SPLIT_COLUMN]
    frame = frame_of(list(columns.values()), list(columns))
    return Table(frame, name, encoding="utf-8", form="Folders", unreadable=tuple(set_aside))


def _copy(file: IO[bytes] | gzip.GzipFile, packed: int, name: str) -> bytes:
    buffer = io.BytesIO()
    while chunk := file.read(_STEP_BYTES):
        buffer.write(chunk)
        if _too_much(buffer.tell(), packed):
            raise _bomb(name)
    return buffer.getvalue()


def _too_much(unpacked: int, packed: int) -> bool:
    return unpacked > MAX_UNPACKED_BYTES or (unpacked > _RATIO_FREE_BYTES and unpacked > _MAX_RATIO * max(1, packed))


def _bomb(name: str) -> LimitError:
    return LimitError(f"{name} unpacks to far more than is read.", "Upload the table itself, or a smaller part of it.")
