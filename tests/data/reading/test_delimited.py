"""Delimited text becomes a table of unchanged cells; rows that do not fit are set aside."""

import csv
import time

import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.data.reading.dialects import DELIMITERS
from core.data.reading.files import read_bytes
from core.data.table import ReadOptions
from core.errors import LimitError
from tests.data.reading.cases import csv_bytes


def test_cells_are_not_changed() -> None:
    cells = ["NA", "None", "null", "007", "1e5", "=1+1", ""]
    table = read_bytes(csv_bytes([["text", "label"], *[[cell, "x"] for cell in cells]]), "x.csv")
    assert table.frame["text"].tolist() == cells


def test_quoted_newlines_and_doubled_quotes() -> None:
    table = read_bytes(b'text,label\n"one\ntwo ""three""",x\n', "x.csv")
    assert table.frame["text"][0] == 'one\ntwo "three"'


def test_column_names_are_distinct_and_never_empty() -> None:
    table = read_bytes(b"text,,text\na,b,c\n", "x.csv")
    assert list(table.frame.columns) == ["text", "column 2", "text_"]
    assert list(read_bytes(b"a,b\nc,d\n", "x.csv", ReadOptions(header=False)).frame.columns) == ["column 1", "column 2"]


def test_a_single_column_is_read_where_one_is_enough() -> None:
    table = read_bytes(b"text\none, two, three\nfour\n", "x.csv", columns_needed=1)
    assert table.frame["text"].tolist() == ["one, two, three", "four"]


def test_a_long_text_is_not_cut() -> None:
    assert read_bytes(csv_bytes([["text", "label"], ["a" * 10_000, "x"]]), "x.csv").frame["text"].str.len()[0] == 10_000


def test_too_many_columns_are_refused_quickly() -> None:
    data = b",".join(b"c%d" % i for i in range(100_000)) + b"\n" + b",".join([b"1"] * 100_000)
    start = time.monotonic()
    with pytest.raises(LimitError, match="more than 1,000 columns"):
        read_bytes(data, "x.csv")
    assert time.monotonic() - start < 5


def test_rows_of_another_width_are_set_aside_with_their_line() -> None:
    table = read_bytes(b"text,label\n" + b"some text,x\n" * 50 + b"e,f,g,h\n", "x.csv")
    assert len(table) == 50
    assert [(row.line, row.reason) for row in table.unreadable] == [(52, "4 columns instead of 2")]


def test_short_rows_are_padded_where_they_are_common() -> None:
    table = read_bytes(b"text,label,note\n" + b"a,x\nb,y,why\n" * 5, "x.csv")
    assert not table.unreadable
    assert table.frame["note"].tolist() == ["", "why"] * 5


def test_the_delimiter_line_of_excel_and_the_row_names_of_r() -> None:
    assert read_bytes(b"sep=;\ntext;label\na, b;x\nc;y\n", "x.csv").frame["text"].tolist() == ["a, b", "c"]
    table = read_bytes(b'"text","label"\n"1","a","x"\n"2","b","y"\n', "x.csv")
    assert list(table.frame.columns) == ["row", "text", "label"]


cells = st.text(
    st.characters(codec="utf-8", exclude_categories=("Cc", "Cs")) | st.sampled_from("\n,;|\t\"' "), max_size=20
)


@given(
    rows=st.lists(st.tuples(cells, st.sampled_from(["good", "bad"])), min_size=3, max_size=30),
    delimiter=st.sampled_from([*DELIMITERS]),
    quotechar=st.sampled_from(['"', "'"]),
    encoding=st.sampled_from(["utf-8", "utf-8-sig", "utf-16"]),
    line_end=st.sampled_from(["\n", "\r\n"]),
)
def test_files_that_pandas_wrote_with_all_cells_quoted_are_read_back(
    rows: list[tuple[str, str]], delimiter: str, quotechar: str, encoding: str, line_end: str
) -> None:
    frame = pd.DataFrame([("row", *row) for row in rows], columns=["kind", "text", "label"])
    data = frame.to_csv(
        sep=delimiter, index=False, quoting=csv.QUOTE_ALL, quotechar=quotechar, lineterminator=line_end
    ).encode(encoding)
    assert read_bytes(data, "x.csv").frame.to_numpy().tolist() == frame.to_numpy().tolist()


words = st.text("abcdefg ,;'äß", min_size=1, max_size=30).map(lambda text: f"w{text}w")


@given(
    rows=st.lists(st.tuples(words, st.sampled_from(["good", "bad"])), min_size=5, max_size=30),
    delimiter=st.sampled_from([*DELIMITERS]),
)
def test_files_that_pandas_wrote_with_minimal_quoting_are_read_back(
    rows: list[tuple[str, str]], delimiter: str
) -> None:
    frame = pd.DataFrame([(str(i), *row) for i, row in enumerate(rows)], columns=["id", "text", "label"])
    data = frame.to_csv(sep=delimiter, index=False).encode()
    assert read_bytes(data, "x.csv").frame.to_numpy().tolist() == frame.to_numpy().tolist()
