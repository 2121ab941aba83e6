"""Bytes to tables: what is read right, and what is refused with a sentence."""

import csv
import io
import time

import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.data.reading.files import DELIMITERS, read_bytes, read_files
from core.data.table import ReadOptions
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
    assert list(table.frame.columns) == ["text", "column 2", "text_"]
    assert list(read_bytes(b"a,b\nc,d\n", "x.csv", ReadOptions(header=False)).frame.columns) == ["column 1", "column 2"]


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
        (bytes(range(256)) * 50, "binary"),
        (b"\x89PNG\r\n\x1a\n" + bytes(range(256)) * 50, "a picture"),
        (b"\xd0\xcf\x11\xe0" + bytes(500), "old format"),
        (b'text,label\n"a, b",x\n"c, d",y\n"never closed, z\ne,f\n', "quotation mark"),
        (b'{"a": 1}', "no table"),
        (b'[{"text": "a", "label": ', "not valid JSON"),
        (b"PAR1" + bytes(50), "Parquet"),
        (b"PK\x03\x04" + bytes(50), "damaged zip"),
        (b"\x1f\x8b" + bytes(50), "damaged gzip"),
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
    with pytest.raises(LimitError, match="cell of more than 1,000,000 characters"):
        read_bytes(written([["text", "label"], ["a" * 2_000_000, "x"]]), "x.csv")


def test_rows_that_do_not_fit_are_set_aside_with_their_line() -> None:
    table = read_bytes(b"text,label\n" + b"some text,x\n" * 50 + b"e,f,g,h\n", "x.csv")
    assert len(table) == 50
    assert [(row.line, row.reason) for row in table.unreadable] == [(52, "4 columns where 2 were expected")]


def test_short_rows_are_filled_up_where_that_is_the_files_habit() -> None:
    table = read_bytes(b"text,label,note\n" + b"a,x\nb,y,why\n" * 5, "x.csv")
    assert not table.unreadable
    assert table.frame["note"].tolist() == ["", "why"] * 5


def test_stray_quotes_are_text() -> None:
    rows = ["label\ttext", "a\tplain", 'b\t"this is never closed', 'a\tsays "hi" to', 'b\t"quoted" and on'] * 1
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
def test_a_header_is_told_from_a_row(first: str, rows: str, header: bool) -> None:
    assert read_bytes(f"{first}\n{rows}".encode(), "x.csv").header is header


def test_what_excel_writes_above_a_table_and_row_names_of_r() -> None:
    assert read_bytes(b"sep=;\ntext;label\na, b;x\nc;y\n", "x.csv").frame["text"].tolist() == ["a, b", "c"]
    table = read_bytes(b'"text","label"\n"1","a","x"\n"2","b","y"\n', "x.csv")
    assert list(table.frame.columns) == ["row", "text", "label"]


JAPANESE = "配達が遅れています、早くお願いします"
RUSSIAN = "посылка так и не пришла верните деньги"


@pytest.mark.parametrize(
    ("text", "encoding"),
    [
        (JAPANESE, "cp932"),
        (JAPANESE, "euc-jp"),
        (RUSSIAN, "cp1251"),
        (RUSSIAN, "utf-16-le"),
        ("包裹一直没有到我很生气请退款", "gb18030"),
        ("包裹一直沒有到請退款給我", "big5"),
        ("택배가 아직 도착하지 않았어요", "cp949"),
    ],
)
def test_other_alphabets_in_old_encodings(text: str, encoding: str) -> None:
    rows = "".join(f"{text} {i},{'a' if i % 2 else 'b'}\n" for i in range(40))
    table = read_bytes(f"text,label\n{rows}".encode(encoding), "x.csv")
    assert table.frame["text"][0] == f"{text} 0"


def test_an_encoding_can_be_told() -> None:
    data = "text,label\nłódź,a\n".encode("cp1250")
    assert read_bytes(data, "x.csv", ReadOptions(encoding="cp1250")).frame["text"][0] == "łódź"
    with pytest.raises(DataError, match="not written in utf-8"):
        read_bytes(data, "x.csv", ReadOptions(encoding="utf-8"))


def test_files_named_after_their_splits_become_one_table() -> None:
    part = b"text,label\na,x\nb,y\n"
    table = read_files({"my_train.csv": part, "my_dev.csv": part, "my_test.csv": part})
    assert table.frame["split"].tolist() == ["train"] * 2 + ["validation"] * 2 + ["test"] * 2
    with pytest.raises(DataError, match="which split"):
        read_files({"train.csv": part, "rest.csv": part})


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
def test_what_pandas_wrote_reads_back(
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
def test_what_pandas_quoted_only_where_needed_reads_back(rows: list[tuple[str, str]], delimiter: str) -> None:
    frame = pd.DataFrame([(str(i), *row) for i, row in enumerate(rows)], columns=["id", "text", "label"])
    data = frame.to_csv(sep=delimiter, index=False).encode()
    assert read_bytes(data, "x.csv").frame.to_numpy().tolist() == frame.to_numpy().tolist()
