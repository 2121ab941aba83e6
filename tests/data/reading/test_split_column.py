"""Files that are named after their splits and have a column "split" themselves: no column is lost."""

import json

from core.data.reading.files import read_bytes, read_files
from tests.data.reading.cases import csv_bytes

PART = csv_bytes([["text", "label", "split"], ["a", "x", "first"], ["b", "y", "second"]])


def test_a_column_of_that_name_is_kept_beside_the_split_of_the_file() -> None:
    frame = read_files({"train.csv": PART, "test.csv": PART}).frame
    assert frame["split"].tolist() == ["train", "train", "test", "test"]
    assert frame["split_"].tolist() == ["first", "second"] * 2


def test_a_key_of_that_name_in_json_is_kept_too() -> None:
    rows = [{"text": "a", "label": "x", "split": "first"}, {"text": "b", "label": "y", "split": "second"}]
    frame = read_bytes(json.dumps({"train": rows, "test": rows}).encode(), "x.json").frame
    assert frame["split"].tolist() == ["train", "train", "test", "test"]
    assert frame["split_"].tolist() == ["first", "second"] * 2
