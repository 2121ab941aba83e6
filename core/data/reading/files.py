"""Read the bytes of a file as a table. The format is detected from the first bytes; the name only distinguishes text formats."""

import io
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path, PurePosixPath
from typing import Literal
from zipfile import ZipFile

import pandas as pd

from core.data.budget import limited_reading, nested
from core.data.reading import annotations, archives, json_table
from core.data.reading.chunks import SourceFile, check_line_length
from core.data.reading.delimited import read_delimited
from core.data.reading.dialects import DELIMITERS
from core.data.reading.encodings import detect_encoding
from core.data.reading.excel import read_excel
from core.data.reading.parallel import find_parallel_files, read_parallel_files
from core.data.reading.parquet import read_parquet
from core.data.split_column import split_in_name
from core.data.table import DETECT, SPLIT_COLUMN, ReadOptions, Table, free_name, validate_table
from core.errors import DataError
from core.formatting import join_names
from core.jobs.events import OnProgress, no_progress

__all__ = ["DELIMITERS", "EXTENSIONS", "join_tables", "read_bytes", "read_file", "read_files", "read_pasted"]

EXTENSIONS = ("csv", "tsv", "txt", "json", "jsonl", "ndjson", "xlsx", "parquet", "yml", "yaml", "zip", "gz")
_TABLE_EXTENSIONS = {f".{extension}" for extension in EXTENSIONS} - {".txt", ".zip"}
_MAGIC = {
    b"\xd0\xcf\x11\xe0": ("a file in the old Excel format (.xls)", "Open it and save it as .xlsx or CSV."),
    b"%PDF": ("a PDF document", "Export the table as CSV."),
    b"\x89PNG": ("an image", "Save the table as CSV (UTF-8) and upload that file."),
    b"\xff\xd8\xff": ("an image", "Save the table as CSV (UTF-8) and upload that file."),
    b"Rar!": ("a RAR archive", "Pack the files as zip."),
    b"7z\xbc\xaf": ("a 7-Zip archive", "Pack the files as zip."),
    b"version https://git-lfs": ("a pointer of Git LFS", "Run git lfs pull, and upload the file that it fetches."),
    b"<!DOCTYPE html": ("a web page", "Download the table itself, and upload that file."),
    b"<!doctype html": ("a web page", "Download the table itself, and upload that file."),
    b"SQLite format 3": ("a database", "Export the table as CSV."),
}
_PACKED = (b"\x1f\x8b", b"PK\x03\x04", b"PAR1")
TextFormat = Literal["delimited", "json lines", "fasttext", "json", "rasa"]
_TEXT_READERS: dict[TextFormat, Callable[[str, str], Table]] = {
    "json lines": json_table.read_json_lines,
    "fasttext": json_table.read_fasttext,
    "json": json_table.read_json,
    "rasa": json_table.read_rasa,
}
PASTED = "The pasted text"
# Delimited text up to this size is read within a fraction of a second and some megabytes, whatever it contains.
SMALL_BYTES = 100_000
# The text format is detected from this many characters at the start.
START_CHARACTERS = 2_000


def read_file(
    path: Path, options: ReadOptions = DETECT, columns_needed: int = 2, on_progress: OnProgress = no_progress
) -> Table:
    """The table in a file; see :func:`read_bytes`.

    Raises:
        DataError: the file does not exist or cannot be read as a table.
        LimitError: as for :func:`read_bytes`.
    """
    if not path.is_file():
        raise DataError(f"There is no file {str(path)!r}.", "Check the path.")
    return read_bytes(path.read_bytes(), path.name, options, columns_needed, on_progress)


def read_bytes(
    data: bytes,
    name: str,
    options: ReadOptions = DETECT,
    columns_needed: int = 2,
    on_progress: OnProgress = no_progress,
) -> Table:
    """The table in CSV, TSV, JSON, JSON Lines, Excel or Parquet data, in a zip of class folders, or in any of these with gzip.

    Raises:
        DataError: the data is not a table with ``columns_needed`` (1 or 2) columns and at least one row.
        LimitError: there are too many columns, a cell is too long, or an archive unpacks to too much.
    """
    if not data.strip():
        raise DataError(f"{name} is empty.", "Choose a file with a header line and at least one row.")
    with limited_reading(name, len(data)):
        return validate_table(_read(data, name, options, on_progress), columns_needed)


def read_pasted(text: str, options: ReadOptions = DETECT) -> Table:
    """The table in pasted text, such as cells copied from a spreadsheet; raises the same errors as :func:`read_bytes`."""
    if not text.strip():
        raise DataError("The pasted text is empty.", "Paste a header line and at least one row.")
    return read_bytes(text.encode("utf-8", "replace"), PASTED, replace(options, encoding="utf-8"))


def read_files(
    files: Mapping[str, bytes], options: ReadOptions = DETECT, on_progress: OnProgress = no_progress
) -> Table:
    """The table in one file, or in several files with the same columns that are named after their splits.

    Raises:
        DataError: a file cannot be read, or the name of one of several files contains no split.
        LimitError: as for :func:`read_bytes`.
    """
    if len(files) == 1:
        [(name, data)] = files.items()
        return read_bytes(data, name, options, on_progress=on_progress)
    if pairs := find_parallel_files(files):
        with limited_reading(join_names(list(files)), sum(map(len, files.values()))):
            return validate_table(read_parallel_files(files, pairs, options), 2)
    splits = {name: split_in_name(name) for name in files}
    if unnamed := [name for name, split in splits.items() if split is None]:
        raise DataError(
            f"The name of {unnamed[0]} does not say which split the file contains.",
            "Name the files like train.csv, validation.csv and test.csv, or choose only one file.",
        )
    with limited_reading(join_names(list(files)), sum(map(len, files.values()))):
        return join_tables([(str(splits[name]), read_bytes(data, name, options, 1)) for name, data in files.items()])


def join_tables(tables: Sequence[tuple[str, Table]], column: str = SPLIT_COLUMN) -> Table:
    """The tables as one, with a column that holds the split of each row; a column of that name in the files gets another name.

    Raises:
        DataError: a table lacks a column that the first table has.
    """
    first = tables[0][1]
    parts = []
    for split, table in tables:
        if split == "test" and set(table.frame.columns) < set(first.frame.columns):
            # A test file without labels: its rows are set aside for prediction.
            table = replace(table, frame=table.frame.reindex(columns=first.frame.columns, fill_value=""))
        if missing := [name for name in first.frame.columns if name not in table.frame.columns]:
            raise DataError(
                f"{table.name} has no column {missing[0]!r}, but {first.name} has one.",
                "Give all files the same columns.",
            )
        frame = table.frame[list(first.frame.columns)]
        parts.append(frame.rename(columns={column: free_name(column, frame.columns)}).assign(**{column: split}))
    unreadable = tuple(row for _, table in tables for row in table.unreadable)
    return replace(first, frame=pd.concat(parts, ignore_index=True), unreadable=unreadable)


def refuse_other_formats(start: bytes, name: str) -> None:
    """Refuse a file that begins like an image, a document or an archive of another kind.

    Raises:
        DataError: it does.
    """
    for magic, (kind, hint) in _MAGIC.items():
        if start.startswith(magic):
            raise DataError(f"{name} is {kind}, not a table.", hint)


def detect_text_format(start: str, name: str) -> TextFormat:
    """The format of a text file, from its name and its first characters."""
    suffix, start = PurePosixPath(name.lower()).suffix, start.lstrip()
    if suffix in (".jsonl", ".ndjson") or re.match(r'\{\s*"[^\n]*\}\s*\n\s*\{', start):
        return "json lines"
    if suffix in (".yml", ".yaml") or re.match(r"(?:version:[^\n]*\n\s*)?nlu:\s*\n", start):
        return "rasa"
    if start.startswith("__label__"):
        return "fasttext"
    return "json" if suffix == ".json" or re.match(r'\[\s*[\[{]|\{\s*"', start) else "delimited"


def is_small_delimited(data: bytes, name: str) -> bool:
    """Whether a file is delimited text of at most ``SMALL_BYTES``."""
    if len(data) > SMALL_BYTES or data.startswith(_PACKED):
        return False
    return detect_text_format(data[:START_CHARACTERS].decode("utf-8", "replace"), name) == "delimited"


def _read(data: bytes, name: str, options: ReadOptions, on_progress: OnProgress) -> Table:
    refuse_other_formats(data, name)
    if data.startswith(b"\x1f\x8b"):
        with nested():
            unpacked = archives.gunzip(data, name)
            return replace(_read(unpacked, name.removesuffix(".gz"), options, on_progress), name=name)
    if data.startswith(b"PAR1"):
        return read_parquet(data, name)
    if data.startswith(b"PK\x03\x04"):
        with nested():
            return _read_zip(data, name, options, on_progress)
    return _read_text(data, name, options, on_progress)


def _read_zip(data: bytes, name: str, options: ReadOptions, on_progress: OnProgress) -> Table:
    with archives.open_zip(data, name) as archive:
        files = archives.list_files(archive)
        if "xl/workbook.xml" in files:
            return read_excel(data, name, options.sheet, options.header)
        if "mimetype" in files and any(file == "content.xml" for file in files):
            raise DataError(f"{name} is an OpenDocument file.", "Save it as .xlsx or CSV.")
        if any(map(annotations.dialogflow_intent, files)):
            return _read_dialogflow(archive, files, name)
        tables = [file for file in files if _is_table(PurePosixPath(file.lower()))]
        if not tables:
            if pairs := find_parallel_files(files):
                contents = {file: archives.read_zipped_file(archive, file, name) for file in files}
                return replace(read_parallel_files(contents, pairs, options), name=name)
            return archives.read_class_folders(archive, name, options.encoding)
        if len(tables) > 1 and not all(split_in_name(file) for file in tables):
            raise DataError(
                f"{name} contains {len(tables)} tables: {join_names(tables, 5)}.",
                "Upload the one that you need, or name them train, validation and test.",
            )
        contents = {file: archives.read_zipped_file(archive, file, name) for file in tables}
    return replace(read_files(contents, options, on_progress), name=name)


def _read_dialogflow(archive: ZipFile, files: Sequence[str], name: str) -> Table:
    """The training phrases of all intents in the export of a Dialogflow agent."""
    rows = []
    for file in files:
        if intent := annotations.dialogflow_intent(file):
            document = json_table.parse_document(
                archives.read_zipped_file(archive, file, name).decode("utf-8", "replace"), file
            )
            rows += annotations.dialogflow_rows(intent, document)
    return json_table.table_of_rows(rows, name, "Dialogflow")


def _is_table(path: PurePosixPath) -> bool:
    return path.suffix in _TABLE_EXTENSIONS and "submission" not in path.name  # the sample submission of a competition


def _read_text(data: bytes, name: str, options: ReadOptions, on_progress: OnProgress) -> Table:
    encoding = detect_encoding(data, name, options.encoding)
    start = io.TextIOWrapper(io.BytesIO(data), encoding=encoding, errors="replace").read(START_CHARACTERS)
    text_format = detect_text_format(start, name)
    if text_format not in ("json", "rasa"):  # these are read as a whole, whatever their lines are
        check_line_length(SourceFile.of_bytes(data, name))
    if text_format == "delimited":
        return read_delimited(data, name, encoding, options, on_progress)
    read = _TEXT_READERS[text_format]
    return replace(read(data.decode(encoding, errors="replace"), name), encoding=encoding.removesuffix("-sig"))
