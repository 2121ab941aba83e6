"""Damaged files of every format: each is read as a table or refused in a sentence, and no other exception leaves the reader."""

import gzip
import io
import json
import os
import random
import zipfile
from collections.abc import Callable

import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from core.data.reading.chunks import SourceFile
from core.data.reading.files import read_bytes
from core.data.reading.streaming import stream_table
from core.data.table import ReadOptions
from core.errors import StudioError
from tests.data.reading.cases import csv_bytes, excel_bytes, parquet_bytes, zip_bytes

MUTATIONS = int(os.environ.get("STUDIO_MUTATIONS", "1400"))
FRAME = pd.DataFrame({"text": [f"text {i}, “quoted” \U0001f600" for i in range(40)], "label": list("xyzw") * 10})
TYPED = pa.table(
    {
        "text": FRAME["text"],
        "when": pa.array([10**18 + i for i in range(40)], pa.timestamp("ns", "Europe/Berlin")),
        "day": pa.array(range(40), pa.date32()),
        "list": [[i, None] for i in range(40)],
        "object": [{"a": i, "b": [str(i)]} for i in range(40)],
        "price": pa.array(range(40)).cast(pa.decimal128(30, 3)),
        "raw": [b"\xff\xfe"] * 40,
        "kind": pa.array(list("xyzw") * 10).dictionary_encode(),
    }
)
ROWS = FRAME.to_dict("records")
STUDIO = [
    {"data": {"text": r["text"]}, "annotations": [{"result": [{"value": {"choices": [r["label"]]}}]}]} for r in ROWS
]


def typed_parquet() -> bytes:
    buffer = io.BytesIO()
    pq.write_table(TYPED, buffer, compression="none")
    return buffer.getvalue()


def stored_zip(files: dict[str, bytes]) -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_STORED) as archive:
        for name, data in files.items():
            archive.writestr(name, data)
    return buffer.getvalue()


def unpacked_excel() -> bytes:
    """An Excel file without compression, so that mutations change its XML."""
    with zipfile.ZipFile(io.BytesIO(excel_bytes(Sheet=FRAME, Other=FRAME))) as source:
        return stored_zip({name: source.read(name) for name in source.namelist()})


CSV = FRAME.to_csv(index=False).encode()
FILES: dict[str, Callable[[], bytes]] = {
    "x.csv": lambda: CSV,
    "x.tsv": lambda: csv_bytes([["text", "label"], *FRAME.to_numpy().tolist()], "\t"),
    "utf16.csv": lambda: FRAME.to_csv(index=False).encode("utf-16"),
    "x.json": lambda: json.dumps(ROWS).encode(),
    "studio.json": lambda: json.dumps(STUDIO).encode(),
    "columns.json": lambda: FRAME.to_json().encode(),
    "x.jsonl": lambda: "\n".join(map(json.dumps, ROWS)).encode(),
    "fasttext.txt": lambda: "".join(f"__label__{r['label']} {r['text']}\n" for r in ROWS).encode(),
    "x.xlsx": lambda: excel_bytes(Sheet=FRAME),
    "unpacked.xlsx": unpacked_excel,
    "x.parquet": lambda: parquet_bytes(FRAME),
    "typed.parquet": typed_parquet,
    "x.csv.gz": lambda: gzip.compress(CSV, mtime=0),
    "x.zip": lambda: zip_bytes({"train.csv": CSV, "test.csv": CSV}),
    "folders.zip": lambda: stored_zip({f"{r['label']}/{i}.txt": r["text"].encode() for i, r in enumerate(ROWS)}),
}


def mutate(data: bytes, rng: random.Random) -> bytes:
    """The data with some bits flipped, bytes cut out, repeated, replaced or inserted."""
    changed = bytearray(data)
    for _ in range(rng.randint(1, 6)):
        at, length = rng.randrange(len(changed) + 1), rng.choice([1, 2, 8, 60, 400])
        kind = rng.randrange(6)
        if kind == 0 and at < len(changed):
            changed[at] ^= 1 << rng.randrange(8)
        elif kind == 1:
            del changed[at : at + length]
        elif kind == 2:
            other = rng.randrange(len(changed) + 1)
            changed[at:at] = changed[other : other + length]
        elif kind == 3:
            changed[at : at + length] = rng.randbytes(length)
        elif kind == 4:
            token = rng.choice(
                [b'"', b"\0", b"\xed\xa0\x80", b"\\ud800", b"-1e999", b"9" * 30, b"]", b"}", b",", b"\n", b"=", b"\x1b"]
            )
            changed[at : at + rng.randint(0, 1)] = token
        elif rng.random() < 0.3:
            del changed[at:]
    return bytes(changed)


def read_or_refuse(data: bytes, name: str, options: ReadOptions) -> None:
    """Read a file in both ways; a refusal has a message and a hint."""
    readers: list[Callable[[], int]] = [
        lambda: len(read_bytes(data, name, options)),
        lambda: sum(map(len, stream_table(SourceFile.of_bytes(data, name), options).read(1_000))),
    ]
    for read in readers:
        problem: StudioError | None = None
        try:
            assert read() > 0
        except StudioError as error:
            problem = error
        assert problem is None or (problem.message and problem.hint)


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("name", FILES)
def test_a_mutated_file_is_read_or_refused(name: str) -> None:
    valid, rng = FILES[name](), random.Random(name)
    options = [
        ReadOptions(),
        ReadOptions(header=False),
        ReadOptions(header=True, encoding="utf-8"),
        ReadOptions(quote=""),
    ]
    for number in range(MUTATIONS):
        read_or_refuse(mutate(valid, rng), name, options[number % len(options)])


JSON = st.recursive(
    st.none() | st.booleans() | st.floats() | st.integers() | st.text(st.characters(), max_size=20),
    lambda inner: (
        st.lists(inner, max_size=5) | st.dictionaries(st.text(st.characters(), max_size=8), inner, max_size=5)
    ),
    max_leaves=30,
)


@pytest.mark.slow
@settings(max_examples=500, deadline=None, suppress_health_check=list(HealthCheck))
@given(document=JSON)
def test_any_json_is_read_or_refused(document: object) -> None:
    read_or_refuse(json.dumps(document).encode(), "x.json", ReadOptions())
    read_or_refuse(
        (json.dumps(document) + "\n" + json.dumps({"text": "a", "annotations": document})).encode(),
        "x.jsonl",
        ReadOptions(),
    )


@pytest.mark.slow
@settings(max_examples=500, deadline=None, suppress_health_check=list(HealthCheck))
@given(
    data=st.binary(max_size=400),
    start=st.sampled_from(
        [b"", b"PK\x03\x04", b"PAR1", b"\x1f\x8b\x08", b"[{", b'{"', b"text,label\n", b"__label__a "]
    ),
)
def test_any_bytes_are_read_or_refused(data: bytes, start: bytes) -> None:
    for name in ("x.csv", "x.json", "x.jsonl", "x.txt"):
        read_or_refuse(start + data, name, ReadOptions())
