"""The format of a file is recognized from its first bytes; files that hold no table are refused."""

import gzip
import json

import pandas as pd
import pytest

from core.data.reading.files import read_bytes, read_files
from core.errors import DataError, LimitError
from tests.data.reading.cases import CSV, FRAME, csv_bytes, excel_bytes, parquet_bytes, zip_bytes

JSON_LINES = FRAME.to_json(orient="records", lines=True).encode()
FORMATS = {
    "x.json": FRAME.to_json(orient="records").encode(),
    "columns.json": FRAME.to_json(orient="columns").encode(),
    "lists.json": json.dumps(FRAME.to_dict(orient="list")).encode(),
    "wrapped.json": json.dumps({"version": 1, "data": FRAME.to_dict(orient="records")}).encode(),
    "x.jsonl": JSON_LINES,
    "no_extension": JSON_LINES,
    "x.xlsx": excel_bytes(Sheet1=FRAME),
    "x.parquet": parquet_bytes(FRAME),
    "x.csv.gz": gzip.compress(CSV, mtime=0),
    "x.zip": zip_bytes({"x.csv": CSV, "__MACOSX/._x.csv": b"junk"}),
}


@pytest.mark.parametrize("name", FORMATS)
def test_every_format_gives_the_same_cells(name: str) -> None:
    table = read_bytes(FORMATS[name], name)
    assert table.frame[["text", "label"]].to_numpy().tolist() == FRAME.to_numpy().tolist()
    assert table.name == name


@pytest.mark.parametrize(
    ("data", "message"),
    [
        (b"", "is empty"),
        (b"  \n\n", "is empty"),
        (b"text,label\n", "no rows"),
        (b"text\nhello\n", "only one column"),
        (bytes(range(256)) * 50, "binary"),
        (b"\x89PNG\r\n\x1a\n" + bytes(range(256)) * 50, "an image"),
        (b"\xd0\xcf\x11\xe0" + bytes(500), "old Excel format"),
        (b'text,label\n"a, b",x\n"c, d",y\n"never closed, z\ne,f\n', "quotation mark"),
        (b'{"a": 1}', "no table"),
        (b'[{"text": "a", "label": ', "not valid JSON"),
        (b"PAR1" + bytes(50), "Parquet"),
        (b"PK\x03\x04" + bytes(50), "damaged zip"),
        (b"\x1f\x8b" + bytes(50), "damaged gzip"),
    ],
)
def test_unreadable_files_get_a_message_and_a_hint(data: bytes, message: str) -> None:
    with pytest.raises(DataError) as caught:
        read_bytes(data, "x.csv")
    assert message in caught.value.message
    assert caught.value.hint


def test_a_huge_cell_is_refused() -> None:
    with pytest.raises(LimitError, match="cell of more than 1,000,000 characters"):
        read_bytes(csv_bytes([["text", "label"], ["a" * 2_000_000, "x"]]), "x.csv")


def test_files_named_after_their_splits_become_one_table() -> None:
    part = pd.DataFrame({"text": ["a", "b"], "label": ["x", "y"]}).to_csv(index=False).encode()
    table = read_files({"my_train.csv": part, "my_dev.csv": part, "my_test.csv": part})
    assert table.frame["split"].tolist() == ["train"] * 2 + ["validation"] * 2 + ["test"] * 2
    with pytest.raises(DataError, match="which split"):
        read_files({"train.csv": part, "rest.csv": part})
