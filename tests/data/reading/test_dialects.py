"""Delimiters, quotation marks and header lines are guessed from a sample of the file."""

import pytest

from core.data.reading.dialects import DELIMITERS
from core.data.reading.files import read_bytes
from tests.data.reading.cases import csv_bytes

ROWS = [["text", "label"], ["a b, c", "x"], ["d; e", "y"], ["f | g", "x"]]


@pytest.mark.parametrize("delimiter", DELIMITERS)
def test_each_delimiter_is_found(delimiter: str) -> None:
    table = read_bytes(csv_bytes(ROWS, delimiter), "x.csv")
    assert table.delimiter == delimiter
    assert table.frame.to_numpy().tolist() == ROWS[1:]


def test_stray_quotation_marks_are_text() -> None:
    rows = ["label\ttext", "a\tplain", 'b\t"this is never closed', 'a\tsays "hi" to', 'b\t"quoted" and on']
    table = read_bytes("\n".join(rows).encode(), "x.tsv")
    assert table.quote == ""
    assert table.frame["text"].tolist() == ["plain", '"this is never closed', 'says "hi" to', '"quoted" and on']


def test_backslashes_escape_quotes_where_doubling_does_not() -> None:
    table = read_bytes(b'text,label\n"he said \\"no, never\\", twice",x\n"a, b",y\n', "x.csv")
    assert table.frame["text"].tolist() == ['he said "no, never", twice', "a, b"]


def test_single_quotes_quote_where_most_cells_have_them() -> None:
    table = read_bytes(b"'text','label'\n'it''s one, two','x'\n'three','y'\n'four','x'\n", "x.csv")
    assert table.frame["text"].tolist() == ["it's one, two", "three", "four"]


@pytest.mark.parametrize(
    ("first", "rows", "header"),
    [
        ("text,label", "good one,pos\nbad one,neg\n", True),
        ("ham,see you at noon", "spam,win a prize now\nham,ok then see you\n", False),
        ("what a lovely day,17,abc", "so sad today,25,abd\nfine,17,abe\n", False),
        ("Satz,Klasse", "das ist gut,gut\ndas ist schlecht,schlecht\n", True),
    ],
)
def test_a_header_line_is_recognized(first: str, rows: str, header: bool) -> None:
    assert read_bytes(f"{first}\n{rows}".encode(), "x.csv").header is header
