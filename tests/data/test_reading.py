"""Bytes to tables: what is read right, and what is refused with a sentence."""

import csv
import io
import time

import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.data.reading import DELIMITERS, read_bytes
from core.errors import DataError, LimitError

ROWS = [["text", "label"], ["a b, c", "x"], ["d; e", "y"], ["f | g", "x"]]


def written(rows: list[list[str]], delimiter: str = ",") -> bytes:
    buffer = io.StringIO()
    csv.writer(buffer, delimiter=delimiter).writerows(rows)
    return buffer.getvalue().encode()


@pytest.mark.parametrize("delimiter", DELIMITERS)
def test_each_delimiter_is_found(delimiter: str) -> None:
    table = read_bytes(written(ROWS, delimiter), "x.csv")
    assert table.delimiter == delimiter
    assert table.frame.to_numpy().tolist() == ROWS[1:]


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "cp1252"])
def test_each_encoding_is_found(encoding: str) -> None:
    table = read_bytes("text,label\ncafé für alle,naïve\n".encode(encoding), "x.csv")
    assert table.frame.iloc[0].tolist() == ["café für alle", "naïve"]


def test_cells_stay_as_they_were_written() -> None:
    cells = ["NA", "None", "null", "007", "1e5", "=1+1", ""]
    table = read_bytes(written([["text", "label"], *[[cell, "x"] for cell in cells]]), "x.csv")
    assert table.frame["text"].tolist() == cells


def test_quoted_newlines_and_quotes() -> None:
    table = read_bytes(b'text,label\n"one\ntwo ""three""",x\n', "x.csv")
    assert table.frame["text"][0] == 'one\ntwo "three"'


def test_header_names_become_distinct_and_filled() -> None:
    table = read_bytes(b"text,,text\na,b,c\n", "x.csv")
    assert list(table.frame.columns) == ["text", "column 2", "text.1"]
    assert list(read_bytes(b"a,b\nc,d\n", "x.csv", header=False).frame.columns) == ["column 1", "column 2"]


def test_a_single_column_is_read_where_one_is_enough() -> None:
    table = read_bytes(b"text\none, two, three\nfour\n", "x.csv", columns_needed=1)
    assert table.frame["text"].tolist() == ["one, two, three", "four"]


def test_a_text_of_ten_thousand_characters_is_kept_whole() -> None:
    assert read_bytes(written([["text", "label"], ["a" * 10_000, "x"]]), "x.csv").frame["text"].str.len()[0] == 10_000


@pytest.mark.parametrize(
    ("data", "said"),
    [
        (b"", "is empty"),
        (b"  \n\n", "is empty"),
        (b"text,label\n", "no rows"),
        (b"text\nhello\n", "only one column"),
        (b"\x89PNG\r\n\x1a\n" + bytes(range(256)) * 50, "binary"),
        (b'text,label\n"never closed,a\nb,c\n', "quotation mark"),
        (b"text,label\na,b\nc,d\ne,f,g,h\n", "line 4 has 4 columns where 2 were expected"),
    ],
)
def test_what_cannot_be_read_gets_a_sentence(data: bytes, said: str) -> None:
    with pytest.raises(DataError) as caught:
        read_bytes(data, "x.csv")
    assert said in caught.value.message
    assert caught.value.hint


def test_a_hundred_thousand_columns_are_refused_at_once() -> None:
    data = b",".join(b"c%d" % i for i in range(100_000)) + b"\n" + b",".join([b"1"] * 100_000)
    began = time.monotonic()
    with pytest.raises(LimitError, match="more than 1,000 columns"):
        read_bytes(data, "x.csv")
    assert time.monotonic() - began < 5


def test_a_huge_cell_is_refused() -> None:
    with pytest.raises(LimitError, match="cell of 2,000,000 characters"):
        read_bytes(written([["text", "label"], ["a" * 2_000_000, "x"]]), "x.csv")


cells = st.text(st.characters(codec="utf-8", exclude_categories=("Cc", "Cs", "Zl", "Zp")), max_size=20).map(str.strip)


@given(
    rows=st.lists(st.tuples(cells, st.sampled_from("ab")), min_size=2, max_size=20),
    delimiter=st.sampled_from([*DELIMITERS]),
)
def test_what_pandas_wrote_reads_back(rows: list[tuple[str, str]], delimiter: str) -> None:
    frame = pd.DataFrame(
        [("first cell", *rows[0]), *[("more", *row) for row in rows]], columns=["kind", "text", "label"]
    )
    data = frame.to_csv(sep=delimiter, index=False, quoting=csv.QUOTE_ALL).encode()
    assert read_bytes(data, "x.csv").frame.to_numpy().tolist() == frame.to_numpy().tolist()
