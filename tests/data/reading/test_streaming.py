"""A file of any size as a stream of rows: the same table as the ordinary reader's, in parts."""

import gzip
import json
import re
from pathlib import Path

import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.data.reading.chunks import SourceFile, TableStream
from core.data.reading.files import read_bytes
from core.data.reading.streaming import stream_table
from core.errors import DataError, LimitError, StudioError
from tests.data.reading.cases import CSV, FRAME, csv_bytes, excel_bytes, parquet_bytes, zip_bytes

UMLAUTS = "text,label\n" + "schöne grüße,gut\n" * 30
JSON_ROWS = FRAME.to_dict("records")
JSON_LINES = "\n".join(map(json.dumps, JSON_ROWS)).encode()
FILES = {
    "x.csv": CSV,
    "x.tsv": FRAME.to_csv(index=False, sep="\t").encode(),
    "utf16.csv": UMLAUTS.encode("utf-16"),
    "cp1252.csv": UMLAUTS.encode("cp1252"),
    "semicolon.txt": b"sep=;\ntext;label\na;b\n",
    "titles.csv": b"A title\n\ntext,label,date\n" + b"a,b,c\n" * 20,
    "tweets.tsv": b'1\t"oh no\tbad\n' + b"2\tfine\tgood\n" * 40,
    "backslash.csv": b'text,label\n"say \\"hi\\", now",x\n' * 30,
    "unclosed-late.csv": b"text,label\n" + b'"a, b",x\n' * 50 + b'c "quoted" d,y\n',
    "short.csv": b"text,label,note\n" + b"a,x\nb,y,why\n" * 5,
    "numbers.csv": b"1,one text\n2,another text\n",
    "one-column.csv": b"text\none\ntwo\n",
    "x.csv.gz": gzip.compress(CSV, mtime=0),
    "x.jsonl": JSON_LINES,
    "x.jsonl.gz": gzip.compress(JSON_LINES, mtime=0),
    "no-suffix": JSON_LINES,
    "late-key.jsonl": b'{"text": "a"}\n\n{"text": "b", "label": {"name": "x", "id": 3}}\n[1, 2]\n',
    "lists.jsonl": b'{"text": "a", "label": ["x"]}\n{"text": "b", "label": null}\n{"text": "c", "label": ["y"]}\n',
    "intents.jsonl": b'{"tag": "hello", "patterns": ["hi", "hey"]}\n{"tag": "bye", "patterns": ["bye"]}\n',
    "surrogate.jsonl": b'{"text": "\\ud800 half"}\n{"text": "b"}\n',
    "x.parquet": parquet_bytes(FRAME),
    "types.parquet": parquet_bytes(
        pd.DataFrame({"id": [1, 2], "text": ["a", None], "when": pd.to_datetime(["2020-01-01", "2021-02-03"])})
    ),
    "x.parquet.gz": gzip.compress(parquet_bytes(FRAME), mtime=0),
    "x.json": json.dumps(JSON_ROWS).encode(),
    "x.xlsx": excel_bytes(first=FRAME),
    "x.zip": zip_bytes({"inner.csv": CSV}),
    "fasttext.txt": b"__label__a some text\n__label__b more text\n",
}


def stream(data: bytes, name: str = "x.csv") -> TableStream:
    return stream_table(SourceFile.of_bytes(data, name))


def frame_and_problems(table: TableStream, max_rows: int) -> tuple[pd.DataFrame, dict[int, str]]:
    """All rows as strings, and the problems by row."""
    parts: list[pd.DataFrame] = []
    problems: dict[int, str] = {}
    rows = 0
    for chunk in table.read(max_rows):
        assert 0 < len(chunk) <= max_rows
        parts.append(pd.DataFrame({name: chunk.cells(name) for name in table.columns}))
        problems |= {rows + position: problem for position, problem in chunk.problems.items()}
        rows += len(chunk)
    assert rows == table.rows
    return pd.concat(parts, ignore_index=True), problems


@pytest.mark.parametrize("name", FILES)
@pytest.mark.parametrize("max_rows", [2, 50_000])
def test_every_format_gives_the_cells_of_the_ordinary_reader(name: str, max_rows: int) -> None:
    expected = read_bytes(FILES[name], name, columns_needed=1).frame
    table = stream(FILES[name], name)
    frame, problems = frame_and_problems(table, max_rows)
    pd.testing.assert_frame_equal(frame.astype(str), expected.astype(str), check_dtype=False)
    assert not problems
    pd.testing.assert_frame_equal(table.head(2).frame.astype(str), expected.head(2).astype(str), check_dtype=False)


def test_the_encoding_is_that_of_the_whole_file() -> None:
    data = b"text,label\n" + b"plain,a\n" * 200_000 + "grüße,b\n".encode("cp1252")
    assert [chunk.cells("text")[-1] for chunk in stream(data).read(200_001)] == ["grüße"]


@given(
    cells=st.lists(
        st.tuples(*[st.text(st.characters(exclude_categories=["Cs", "Cc"]), max_size=8) for _ in range(2)]),
        min_size=1,
        max_size=8,
    ),
    delimiter=st.sampled_from(",;\t|"),
)
def test_any_delimited_file_gives_the_cells_of_the_ordinary_reader(
    cells: list[tuple[str, str]], delimiter: str
) -> None:
    data = csv_bytes([("text", "label"), *cells], delimiter)
    try:
        expected = read_bytes(data, "x.csv", columns_needed=1)
    except StudioError as error:
        with pytest.raises(type(error), match=re.escape(str(error))):
            stream(data)
        return
    frame, problems = frame_and_problems(stream(data), 3)
    readable = [row for row in range(len(frame)) if row not in problems]
    assert frame.iloc[readable].to_numpy().tolist() == expected.frame.to_numpy().tolist()
    assert len(problems) == sum(row.reason != "above the table" for row in expected.unreadable)


def test_rows_of_another_width_stay_in_their_place_and_are_marked() -> None:
    data = b"text,label\n" + b"some text,x\n" * 50 + b"e,f,g,h\n" + b"a\n" + b"last,y\n"
    frame, problems = frame_and_problems(stream(data), 20)
    assert problems == {50: "line 52: 4 columns instead of 2", 51: "line 53: 1 column instead of 2"}
    assert frame.iloc[50:].to_numpy().tolist() == [["e", "f"], ["a", ""], ["last", "y"]]


def test_lines_that_are_not_json_objects_stay_in_their_place_and_are_marked() -> None:
    deep = b"[" * 100_000
    lines = [b'{"text": "a"}', b"oops", deep, b'{"data": {"text": "b"}, "annotations": ["odd"]}', b'{"text": "c"}']
    frame, problems = frame_and_problems(stream(b"\n".join(lines), "x.jsonl"), 2)
    assert frame["text"].tolist() == ["a", "", "", "", "c"]
    assert problems[1] == "line 2: not a JSON object: oops"
    assert sorted(problems) == [1, 2, 3]
    assert all(len(problem) < 200 for problem in problems.values())


def test_a_line_of_json_that_is_too_long_is_marked(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("core.data.reading.streaming.MAX_LINE", 50)
    data = b'{"text": "a"}\n{"text": "' + b"x" * 300 + b'"}\n{"text": "c"}'
    frame, problems = frame_and_problems(stream(data, "x.jsonl"), 2)
    assert frame["text"].tolist() == ["a", "", "c"]
    assert problems == {1: "line 2: more than 50 characters"}


def test_unreadable_rows_of_formats_that_are_read_whole_come_last() -> None:
    frame, problems = frame_and_problems(stream(b"__label__a one\nwhat?\n__label__b two\n", "x.txt"), 10)
    assert frame["text"].tolist() == ["one", "two", ""]
    assert problems == {2: "line 2: does not start with __label__: what?"}


def test_parquet_columns_keep_their_types_and_class_ids_become_names() -> None:
    features = {"label": {"names": ["no", "yes"], "_type": "ClassLabel"}}
    table = pa.table({"id": pa.array([7, 8], pa.int32()), "label": [1, 0], "text": ["a", "b"]})
    table = table.replace_schema_metadata({"huggingface": json.dumps({"info": {"features": features}})})
    buffer = pa.BufferOutputStream()
    pq.write_table(table, buffer)
    chunk = next(stream(buffer.getvalue().to_pybytes(), "x.parquet").read(10))
    assert chunk.table.schema.field("id").type == pa.int32()
    assert chunk.cells("label") == ["yes", "no"]


def test_text_in_parquet_that_is_not_utf8_is_repaired() -> None:
    binary = pa.array([b"fine", b"caf\xe9", None], pa.binary())
    text = pa.StringArray.from_buffers(3, binary.buffers()[1], binary.buffers()[2], binary.buffers()[0], 1)
    buffer = pa.BufferOutputStream()
    pq.write_table(pa.table({"text": text}), buffer)
    chunk = next(stream(buffer.getvalue().to_pybytes(), "x.parquet").read(10))
    assert chunk.cells("text") == ["fine", "caf�", ""]


@pytest.mark.parametrize(
    ("data", "name", "message"),
    [
        (b"", "x.csv", "x.csv is empty"),
        (b" \n\n", "x.csv", "x.csv is empty"),
        (gzip.compress(b"", mtime=0), "x.csv.gz", "is empty"),
        (b"text,label\n", "x.csv", "a header line but no rows"),
        (parquet_bytes(FRAME.head(0)), "x.parquet", "no rows"),
        (b"\x89PNG....", "x.csv", "an image"),
        (b"PAR1 and nothing else", "x.parquet", "cannot be read as a Parquet file"),
        (gzip.compress(CSV, mtime=0)[:-9], "x.csv.gz", "a damaged gzip file"),
        (b"oops\n", "x.jsonl", "No line of x.jsonl"),
        (b'text,label\n"a, b",x\n"c, d",y\n"never closed, z\ne,f\n', "x.csv", "quotation mark"),
    ],
)
def test_what_is_not_a_table_gets_a_sentence(data: bytes, name: str, message: str) -> None:
    with pytest.raises(DataError, match=message):
        stream(data, name)


@pytest.mark.parametrize(
    ("data", "name", "message"),
    [
        (b"text,label\n" + b"x" * 11_000_000, "x.csv", "a line of more than 10 MB"),
        (gzip.compress(b"text,label\n" + b"a,b\n" * 10_000_000, mtime=0), "x.csv.gz", "far more than its own size"),
        (csv_bytes([["text", "label"], ["a" * 1_000_001, "x"], ["b", "y"]]), "x.csv", "1,000,000 characters"),
        (b'{"a": 1}\n' + json.dumps({f"c{i}": 1 for i in range(1_001)}).encode(), "x.jsonl", "1,000 columns"),
    ],
)
def test_what_is_too_large_gets_a_sentence(data: bytes, name: str, message: str) -> None:
    with pytest.raises(LimitError, match=message):
        stream(data, name)


def test_a_large_file_that_cannot_be_read_in_parts_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("core.data.reading.streaming.MAX_UNPACKED_BYTES", 10)
    with pytest.raises(LimitError, match="Save it as CSV, JSON Lines or Parquet"):
        stream(json.dumps(JSON_ROWS).encode(), "x.json")
    assert stream(CSV).rows == 3


@pytest.mark.parametrize("name", FILES)
@pytest.mark.filterwarnings("error::ResourceWarning")
def test_files_on_disk_are_closed(name: str, tmp_path: Path) -> None:
    path = tmp_path / name
    path.write_bytes(FILES[name])
    table = stream_table(SourceFile.of_path(path))
    assert sum(map(len, table.read(2))) == table.rows
    assert len(table.head(1)) == 1


def test_files_on_disk_can_have_another_name(tmp_path: Path) -> None:
    path = tmp_path / "upload"
    path.write_bytes(JSON_LINES + b"\noops")
    table = stream_table(SourceFile.of_path(path, "rows.jsonl"))
    assert (table.name, table.rows) == ("rows.jsonl", 4)
    assert table.head(1).frame["text"].tolist() == ["null"]
    table.require_column("text")
    with pytest.raises(DataError, match="no column 'body'"):
        table.require_column("body")
    with pytest.raises(DataError, match="There is no file"):
        SourceFile.of_path(tmp_path / "missing.csv")


@pytest.mark.parametrize("name", ["x.csv", "x.csv.gz", "x.jsonl"])
def test_progress_is_reported_while_a_file_is_counted(name: str) -> None:
    data = b'{"text": "a"}\n' * 120_000 if name == "x.jsonl" else b"text,label\n" + b"abc,x\n" * 120_000
    packed = gzip.compress(data, mtime=0) if name.endswith(".gz") else data
    seen: list[tuple[int, int]] = []
    stream_table(SourceFile.of_bytes(packed, name), on_progress=lambda done, total: seen.append((done, total)))
    assert len(seen) >= 2
    assert all(0 < done <= total for done, total in seen)
