"""Unpack gzip and zip files within limits, because an archive can unpack to a thousand times its own size."""

import gzip
import io
import lzma
import zipfile
import zlib
from collections import Counter
from pathlib import PurePosixPath
from typing import IO

from core.data.budget import MAX_UNPACKED_BYTES, spend_bytes
from core.data.reading.encodings import decode_texts
from core.data.table import SPLIT_ALIASES, SPLIT_COLUMN, Table, UnreadableRow, check_cell_length, frame_from_strings
from core.errors import DataError, LimitError

# What zipfile raises for a file that it cannot read: a damaged structure, damaged contents by method (zlib, lzma; bz2 raises
# OSError), a truncated file, a password or an unknown method (RuntimeError), and an offset outside of the file (the last two).
ZIP_ERRORS = (zipfile.BadZipFile, zlib.error, lzma.LZMAError, EOFError, RuntimeError, OSError, ValueError)
_MAX_FILES = 200_000
# The ratio of unpacked to packed size is limited for archives that unpack to more than a few megabytes.
_MAX_RATIO = 200
_MIN_RATIO_BYTES = 20_000_000
_CHUNK_BYTES = 1 << 20
_UTF8_FLAG = 0x800
_TEXT_SUFFIXES = {".txt", ".text", ""}
_UNLABELED_FOLDERS = {"unsup", "unlabeled"}


def gunzip(data: bytes, name: str) -> bytes:
    """The unpacked contents of a gzip file.

    Raises:
        DataError: the file is damaged.
        LimitError: it unpacks to too much.
    """
    try:
        with gzip.GzipFile(fileobj=io.BytesIO(data)) as file:
            return _read_limited(file, len(data), name)
    except (OSError, EOFError, zlib.error) as error:
        raise DataError(f"{name} is a damaged gzip file.", "Compress it again, or upload it uncompressed.") from error


def open_zip(data: bytes, name: str) -> zipfile.ZipFile:
    """A zip file whose declared sizes are within the limits.

    Raises:
        DataError: the file is damaged.
        LimitError: it contains too many files or unpacks to too much.
    """
    try:
        archive = zipfile.ZipFile(io.BytesIO(data))
    except ZIP_ERRORS as error:
        raise DataError(f"{name} is a damaged zip file.", "Compress it again, or upload the table itself.") from error
    declared = sum(info.file_size for info in archive.infolist())
    if len(archive.infolist()) > _MAX_FILES or _is_too_large(declared, len(data)):
        raise _too_large(name)
    return archive


def list_files(archive: zipfile.ZipFile) -> list[str]:
    """The names of the files in a zip, without hidden files that operating systems add."""
    return [
        info.filename
        for info in archive.infolist()
        if not info.is_dir()
        and not any(part.startswith((".", "__MACOSX")) for part in PurePosixPath(info.filename).parts)
    ]


def read_zipped_file(archive: zipfile.ZipFile, file: str, name: str) -> bytes:
    """The contents of one file in a zip.

    Raises:
        DataError: the zip is damaged or encrypted.
        LimitError: the file unpacks to more than the limits allow.
    """
    try:
        with archive.open(file) as opened:
            return _read_limited(opened, archive.getinfo(file).compress_size, name)
    except ZIP_ERRORS as error:
        raise DataError(f"{name} is a damaged or encrypted zip file.", "Zip it again without a password.") from error


def read_class_folders(archive: zipfile.ZipFile, name: str, encoding: str | None = None) -> Table:
    """A table from a zip with one folder per class and one file per text; a parent folder can name the split.

    The texts are decoded like any file; ``encoding`` is None if it is not known.

    Raises:
        DataError: the files are not in folders.
    """
    columns: dict[str, list[str]] = {"text": [], "label": [], "file": [], SPLIT_COLUMN: []}
    paths = [path for path in map(PurePosixPath, list_files(archive)) if path.suffix.lower() in _TEXT_SUFFIXES]
    depths = Counter(len(path.parts) for path in paths)
    depth = depths.most_common(1)[0][0] if paths else 0
    unreadable: list[UnreadableRow] = []
    contents: list[bytes] = []
    for number, path in enumerate(paths, start=1):
        if len(path.parts) != depth or depth < 2:  # such as a README next to the folders
            unreadable.append(UnreadableRow.truncated(number, "not in a class folder", str(path)))
            continue
        splits = [SPLIT_ALIASES[part.lower()] for part in path.parts[:-2] if part.lower() in SPLIT_ALIASES]
        contents.append(read_zipped_file(archive, str(path), name))
        folder = _decode_name(archive.getinfo(str(path)), path.parts[-2])
        columns["label"].append(folder if folder.lower() not in _UNLABELED_FOLDERS else "")
        columns["file"].append(_decode_name(archive.getinfo(str(path)), str(path)))
        columns[SPLIT_COLUMN].append(splits[-1] if splits else "")
    if not contents:
        raise DataError(
            f"{name} contains neither a table nor a folder of texts for each class.",
            "Zip one CSV file, or one folder per class with one .txt file per text.",
        )
    columns["text"], detected = decode_texts(contents, name, encoding)
    if not all(columns[SPLIT_COLUMN]):
        del columns[SPLIT_COLUMN]
    check_cell_length(name, max(map(len, columns["text"])))
    frame = frame_from_strings(list(columns.values()), list(columns))
    return Table(frame, name, encoding=detected, format="Folders", unreadable=tuple(unreadable))


def _decode_name(info: zipfile.ZipInfo, name: str) -> str:
    """A name in a zip that does not say its encoding: it is in UTF-8, or in the encoding of Western Windows."""
    if info.flag_bits & _UTF8_FLAG or name.isascii():
        return name
    packed = name.encode("cp437", errors="replace")
    return decode_texts([packed], name)[0][0]


def _read_limited(file: IO[bytes] | gzip.GzipFile, packed: int, name: str) -> bytes:
    buffer = io.BytesIO()
    while chunk := file.read(_CHUNK_BYTES):
        buffer.write(chunk)
        spend_bytes(len(chunk))
        if _is_too_large(buffer.tell(), packed):
            raise _too_large(name)
    return buffer.getvalue()


def is_archive_bomb(unpacked: int, packed: int) -> bool:
    """Whether an archive unpacks to far more than its own size, in bytes."""
    return unpacked > _MIN_RATIO_BYTES and unpacked > _MAX_RATIO * max(1, packed)


def _is_too_large(unpacked: int, packed: int) -> bool:
    return unpacked > MAX_UNPACKED_BYTES or is_archive_bomb(unpacked, packed)


def _too_large(name: str) -> LimitError:
    return LimitError(
        f"{name} unpacks to more data than is allowed.", "Upload the table itself, or a smaller part of it."
    )
