"""Bytes of a delimited text file -> :class:`Table`, with what was guessed about encoding and delimiter."""

import csv
import io
import re
from collections import Counter
from dataclasses import dataclass
from pathlib import Path

import pandas as pd

from core.errors import DataError, LimitError

DELIMITERS = {",": "comma", "\t": "tab", ";": "semicolon", "|": "pipe"}
EXTENSIONS = ("csv", "tsv", "txt")
MAX_COLUMNS = 1_000
MAX_CELL_CHARACTERS = 1_000_000
_SAMPLE_CHARACTERS = 100_000
# Share of records that must have the same number of columns before a character counts as the delimiter.
_EVEN_ENOUGH = 0.5
_NEVER_WRITTEN = "\x1f"
_CONTROL = re.compile(r"[\x00-\x08\x0e-\x1f]")


@dataclass(frozen=True)
class Table:
    """A file as a table of strings, every cell as it was written ("NA" stays text, a missing cell is empty)."""

    frame: pd.DataFrame
    name: str
    encoding: str
    delimiter: str


def read_file(path: Path, header: bool = True, columns_needed: int = 2) -> Table:
    """Read the table in a file; see :func:`read_bytes`.

    Raises:
        DataError: there is no such file, or it cannot be read as a table.
    """
    if not path.is_file():
        raise DataError(f"There is no file {str(path)!r}.", "Check the path.")
    return read_bytes(path.read_bytes(), path.name, header, columns_needed)


def read_bytes(data: bytes, name: str, header: bool = True, columns_needed: int = 2) -> Table:
    """Read delimited text; the delimiter and the encoding are found out, ``header`` says whether line 1 names the columns.

    Raises:
        DataError: the bytes are no table of ``columns_needed`` (1 or 2) columns and one row; the message says why.
        LimitError: more than ``MAX_COLUMNS`` columns or a cell of more than ``MAX_CELL_CHARACTERS`` characters.
    """
    if not data.strip():
        raise DataError(f"{name} is empty.", "Choose a file with a header line and at least one row.")
    text, encoding = _decode(data, name)
    return parse_text(text, name, encoding, header, columns_needed)


def parse_text(text: str, name: str, encoding: str = "utf-8", header: bool = True, columns_needed: int = 2) -> Table:
    """Read delimited text that is already decoded, as pasted from a spreadsheet; raises as :func:`read_bytes` does."""
    if not text.strip():
        raise DataError(f"{name} is empty.", "Paste a header line and at least one row.")
    delimiter = _guess_delimiter(text)
    if not delimiter and columns_needed > 1:
        # No even rows, as after a quote that is never closed: the first line decides, and reading says what is wrong.
        first_line = text.lstrip().split("\n", 1)[0]
        delimiter = max(DELIMITERS, key=first_line.count)
        if delimiter not in first_line:
            raise DataError(
                f"{name} has only one column; a text column and a label column are needed.",
                "Separate the columns by commas, tabs, semicolons or pipes.",
            )
    delimiter = delimiter or _NEVER_WRITTEN
    columns = len(next(csv.reader(io.StringIO(text[:_SAMPLE_CHARACTERS]), delimiter=delimiter), []))
    if columns > MAX_COLUMNS:
        raise LimitError(
            f"{name} has more than {MAX_COLUMNS:,} columns.", "Keep the text, the label and the columns you need."
        )
    frame = _parse(text, name, delimiter, header)
    if frame.empty:
        raise DataError(f"{name} has a header line but no rows.", "Add at least one row below it.")
    longest = int(max(frame[column].str.len().max() for column in frame.columns))
    if longest > MAX_CELL_CHARACTERS:
        raise LimitError(
            f"{name} has a cell of {longest:,} characters; at most {MAX_CELL_CHARACTERS:,} are read.",
            "A quote that is never closed swallows all that follows: look for one, or shorten the text.",
        )
    return Table(frame=frame, name=name, encoding=encoding, delimiter=delimiter)


def _decode(data: bytes, name: str) -> tuple[str, str]:
    """The text and the encoding it was in; refuses what is not text."""
    marked_utf16 = data.startswith((b"\xff\xfe", b"\xfe\xff"))
    encodings = ["utf-16"] if marked_utf16 else ["utf-8-sig", "cp1252", "latin-1"]
    for encoding in encodings:
        try:
            text = data.decode(encoding)
        except UnicodeDecodeError:
            continue
        if len(_CONTROL.findall(text[:_SAMPLE_CHARACTERS])) > 0.001 * min(len(text), _SAMPLE_CHARACTERS):
            break
        return text.replace("\x00", ""), encoding.removesuffix("-sig")
    raise DataError(f"{name} holds binary data, not text.", "Save the table as CSV (UTF-8) and upload that file.")


def _guess_delimiter(text: str) -> str:
    """The delimiter that splits most of the first records into equally many columns, two or more; empty if none does."""
    sample = text[:_SAMPLE_CHARACTERS]
    best, best_score = "", _EVEN_ENOUGH
    for delimiter in DELIMITERS:
        try:
            widths = [len(record) for record in csv.reader(io.StringIO(sample), delimiter=delimiter) if record][:200]
        except csv.Error:
            continue
        width, count = Counter(widths).most_common(1)[0] if widths else (0, 0)
        score = count / len(widths) if width > 1 else 0.0
        # Commas inside sentences split rows unevenly; equal splits by two delimiters are settled by DELIMITERS' order.
        if score > best_score:
            best, best_score = delimiter, score
    return best


def _parse(text: str, name: str, delimiter: str, header: bool) -> pd.DataFrame:
    try:
        frame = pd.read_csv(
            io.StringIO(text),
            sep=delimiter,
            dtype=str,
            keep_default_na=False,
            header=0 if header else None,
            index_col=False,
            skipinitialspace=delimiter == ",",
        )
    except (pd.errors.ParserError, pd.errors.EmptyDataError, ValueError) as error:
        raise DataError(
            f"{name} cannot be read as a table: {_in_plain_words(str(error))}.",
            "Mend that line, or save the file as CSV again.",
        ) from error
    frame.columns = _column_names(frame.columns)
    return frame.fillna("").astype(str)


def _in_plain_words(error: str) -> str:
    if "EOF inside string" in error:
        line = re.search(r"row (\d+)", error)
        return "a quotation mark is opened and never closed" + (f", from about row {line.group(1)} on" if line else "")
    if fields := re.search(r"Expected (\d+) fields in line (\d+), saw (\d+)", error):
        expected, line_number, saw = fields.groups()
        return f"line {line_number} has {saw} columns where {expected} were expected"
    return error.strip().rstrip(".").replace("\n", " ")


def _column_names(columns: pd.Index) -> list[str]:
    """Header cells as distinct, non-empty names."""
    names: list[str] = []
    for position, column in enumerate(columns, start=1):
        plain = str(column).strip()
        if isinstance(column, int) or not plain or plain.startswith("Unnamed: "):
            plain = f"column {position}"
        while plain in names:
            plain += "_"
        names.append(plain)
    return names
