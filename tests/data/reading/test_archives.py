"""gzip and zip archives: what is read from them, and which are refused."""

import gzip

import pytest

from core.data.reading.files import read_bytes
from core.errors import DataError, LimitError
from tests.data.reading.cases import CSV, zip_bytes


def test_class_folders_below_split_folders() -> None:
    data = zip_bytes(
        {
            "reviews/train/pos/1.txt": b"good",
            "reviews/train/neg/1.txt": "schön schlecht".encode(),
            "reviews/test/pos/2.txt": b"fine",
            "reviews/test/neg/2.txt": b"poor",
        }
    )
    frame = read_bytes(data, "x.zip").frame.sort_values(["split", "label"])
    assert frame[["text", "label", "split"]].to_numpy().tolist() == [
        ["poor", "neg", "test"],
        ["fine", "pos", "test"],
        ["schön schlecht", "neg", "train"],
        ["good", "pos", "train"],
    ]


@pytest.mark.parametrize(
    "data", [gzip.compress(bytes(60_000_000)), zip_bytes({"x.csv": bytes(60_000_000)})], ids=["gzip", "zip"]
)
def test_archives_that_unpack_to_too_much_are_refused(data: bytes) -> None:
    with pytest.raises(LimitError, match="unpacks to more data than is allowed"):
        read_bytes(data, "x.csv.gz")


def test_several_tables_in_a_zip_must_be_named_after_splits() -> None:
    assert read_bytes(zip_bytes({"train.csv": CSV, "test.csv": CSV}), "x.zip").frame["split"].nunique() == 2
    with pytest.raises(DataError, match="contains 2 tables"):
        read_bytes(zip_bytes({"a.csv": CSV, "b.csv": CSV}), "x.zip")
