"""JSON, Excel, Parquet and archives give the same table as the CSV they were made of; bombs are refused."""

import gzip
import io
import json
import zipfile

import pandas as pd
import pytest

from core.data.reading.files import read_bytes
from core.data.table import ReadOptions
from core.errors import DataError, LimitError

FRAME = pd.DataFrame({"text": ["null", "a, b", "NA\nc"], "label": ["x", "y", "x"]})


def as_excel(**sheets: pd.DataFrame) -> bytes:
    buffer = io.BytesIO()
    with pd.ExcelWriter(buffer, engine="openpyxl") as writer:
        for name, frame in sheets.items():
            frame.to_excel(writer, sheet_name=name, index=False)
    return buffer.getvalue()


def as_parquet(frame: pd.DataFrame) -> bytes:
    buffer = io.BytesIO()
    frame.to_parquet(buffer, index=False)
    return buffer.getvalue()


def as_zip(**files: bytes) -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, data in files.items():
            archive.writestr(name.replace("__", "/").replace("_dot_", "."), data)
    return buffer.getvalue()


CSV = FRAME.to_csv(index=False).encode()
FORMS = {
    "x.json": FRAME.to_json(orient="records").encode(),
    "columns.json": FRAME.to_json(orient="columns").encode(),
    "lists.json": json.dumps(FRAME.to_dict(orient="list")).encode(),
    "wrapped.json": json.dumps({"version": 1, "data": FRAME.to_dict(orient="records")}).encode(),
    "x.jsonl": FRAME.to_json(orient="records", lines=True).encode(),
    "no_extension": FRAME.to_json(orient="records", lines=True).encode(),
    "x.xlsx": as_excel(Sheet1=FRAME),
    "x.parquet": as_parquet(FRAME),
    "x.csv.gz": gzip.compress(CSV),
    "x.zip": as_zip(x_dot_csv=CSV, __MACOSX=b"junk"),
}


@pytest.mark.parametrize("name", FORMS)
def test_every_form_gives_the_same_cells(name: str) -> None:
    table = read_bytes(FORMS[name], name)
    assert table.frame[["text", "label"]].to_numpy().tolist() == FRAME.to_numpy().tolist()
    assert table.name == name


def test_nested_splits_in_json() -> None:
    document = {"train": [["some text", "a"], ["other", "b"]], "val": [["more", "a"]], "test": [["last", "b"]]}
    table = read_bytes(json.dumps(document).encode(), "x.json")
    assert table.frame.to_numpy().tolist() == [
        ["some text", "a", "train"],
        ["other", "b", "train"],
        ["more", "a", "validation"],
        ["last", "b", "test"],
    ]


def test_values_become_what_a_person_would_write() -> None:
    rows = [{"text": "a", "label": 1}, {"text": None, "label": 2.5}, {"text": True, "label": ["p", "q"]}]
    table = read_bytes(json.dumps(rows).encode(), "x.json")
    assert table.frame.to_numpy().tolist() == [["a", "1"], ["", "2.5"], ["true", '["p", "q"]']]


def test_lines_that_are_no_objects_are_set_aside() -> None:
    table = read_bytes(b'{"text": "a", "label": "x"}\n{"text": \n{"text": "b", "label": "y"}\n', "x.jsonl")
    assert table.frame["text"].tolist() == ["a", "b"]
    assert [row.line for row in table.unreadable] == [2]


def test_a_sheet_can_be_chosen() -> None:
    data = as_excel(Notes=pd.DataFrame({"note": ["nothing here"], "x": ["y"]}), Data=FRAME)
    assert read_bytes(data, "x.xlsx").sheets == ("Notes", "Data")
    assert read_bytes(data, "x.xlsx", ReadOptions(sheet="Data")).frame["label"].tolist() == ["x", "y", "x"]
    with pytest.raises(DataError, match="no sheet 'Other'"):
        read_bytes(data, "x.xlsx", ReadOptions(sheet="Other"))


def test_class_names_in_a_parquet_file_stand_for_their_numbers() -> None:
    from datasets import ClassLabel, Dataset, Features, Value

    features = Features({"text": Value("string"), "label": ClassLabel(names=["bad", "good"])})
    buffer = io.BytesIO()
    Dataset.from_dict({"text": ["a", "b"], "label": [1, 0]}, features=features).to_parquet(buffer)
    assert read_bytes(buffer.getvalue(), "x.parquet").frame["label"].tolist() == ["good", "bad"]


def test_a_folder_a_class_with_the_split_above_it() -> None:
    data = as_zip(
        reviews__train__pos__1_dot_txt=b"good",
        reviews__train__neg__1_dot_txt="schön schlecht".encode(),
        reviews__test__pos__2_dot_txt=b"fine",
        reviews__test__neg__2_dot_txt=b"poor",
    )
    frame = read_bytes(data, "x.zip").frame.sort_values(["split", "label"])
    assert frame[["text", "label", "split"]].to_numpy().tolist() == [
        ["poor", "neg", "test"],
        ["fine", "pos", "test"],
        ["schön schlecht", "neg", "train"],
        ["good", "pos", "train"],
    ]


@pytest.mark.parametrize(
    "data",
    [gzip.compress(bytes(60_000_000)), as_zip(x_dot_csv=bytes(60_000_000))],
    ids=["gzip", "zip"],
)
def test_bombs_are_refused(data: bytes) -> None:
    with pytest.raises(LimitError, match="unpacks to far more"):
        read_bytes(data, "x.csv.gz")


def test_several_tables_in_a_zip_need_names_of_splits() -> None:
    assert read_bytes(as_zip(train_dot_csv=CSV, test_dot_csv=CSV), "x.zip").frame["split"].nunique() == 2
    with pytest.raises(DataError, match="holds 2 tables"):
        read_bytes(as_zip(a_dot_csv=CSV, b_dot_csv=CSV), "x.zip")
