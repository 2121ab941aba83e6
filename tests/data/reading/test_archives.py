"""gzip and zip archives: what is read from them, and which are refused."""

import gzip
import io
import lzma
import zipfile
import zlib

import pytest

from core.data.reading.archives import ZIP_ERRORS, open_zip, read_zipped_file
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
    "data", [gzip.compress(bytes(60_000_000), mtime=0), zip_bytes({"x.csv": bytes(60_000_000)})], ids=["gzip", "zip"]
)
def test_archives_that_unpack_to_too_much_are_refused(data: bytes) -> None:
    with pytest.raises(LimitError, match="unpacks to more data than is allowed"):
        read_bytes(data, "x.csv.gz")


def test_several_tables_in_a_zip_must_be_named_after_splits() -> None:
    assert read_bytes(zip_bytes({"train.csv": CSV, "test.csv": CSV}), "x.zip").frame["split"].nunique() == 2
    with pytest.raises(DataError, match="contains 2 tables"):
        read_bytes(zip_bytes({"a.csv": CSV, "b.csv": CSV}), "x.zip")


def _packed(method: int) -> bytes:
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w", method) as archive:
        archive.writestr("x.csv", CSV * 20)
    return file.getvalue()


def _replaced(data: bytes, *changes: tuple[int, bytes]) -> bytes:
    changed = bytearray(data)
    for position, value in changes:
        changed[position : position + len(value)] = value
    return bytes(changed)


DEFLATED, LZMA, BZIP2, STORED = (
    _packed(method) for method in (zipfile.ZIP_DEFLATED, zipfile.ZIP_LZMA, zipfile.ZIP_BZIP2, zipfile.ZIP_STORED)
)
CONTENTS = 30 + len("x.csv")
MORE = (10**6).to_bytes(4, "little")


def _entry(data: bytes) -> int:
    """The position of the file's entry in the list at the end of a zip."""
    return data.index(b"PK\x01\x02")


# Each damage with the error that zipfile raises for it.
DAMAGED: dict[str, tuple[bytes, type[Exception]]] = {
    "garbage": (DEFLATED[:40], zipfile.BadZipFile),
    "deflate": (_replaced(DEFLATED, (CONTENTS + 2, b"\xff" * 8)), zlib.error),
    "lzma": (_replaced(LZMA, (CONTENTS + 4, b"\xff" * 5)), lzma.LZMAError),
    "bzip2": (_replaced(BZIP2, (CONTENTS + 12, b"\xff" * 8)), OSError),
    "password": (_replaced(DEFLATED, (6, b"\x01\x00"), (_entry(DEFLATED) + 8, b"\x01\x00")), RuntimeError),
    "method": (_replaced(DEFLATED, (8, b"\x63\x00"), (_entry(DEFLATED) + 10, b"\x63\x00")), NotImplementedError),
    "version": (_replaced(DEFLATED, (_entry(DEFLATED) + 6, b"\xff\x00")), NotImplementedError),
    "offset": (_replaced(DEFLATED, (DEFLATED.index(b"PK\x05\x06") + 16, b"\xf0\xff\xff\xff")), ValueError),
    "truncated": (
        _replaced(STORED, (18, MORE), (_entry(STORED) + 20, MORE), (_entry(STORED) + 24, MORE)),
        EOFError,
    ),
}


@pytest.mark.parametrize("damage", DAMAGED)
def test_every_error_of_zipfile_ends_in_a_sentence(damage: str) -> None:
    data, kind = DAMAGED[damage]
    with pytest.raises(kind) as raised, zipfile.ZipFile(io.BytesIO(data)) as archive:
        archive.read("x.csv")
    assert isinstance(raised.value, ZIP_ERRORS)
    with pytest.raises(DataError, match="damaged"):
        read_zipped_file(open_zip(data, "x.zip"), "x.csv", "x.zip")
