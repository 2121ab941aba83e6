"""Files are read in a process of their own: the same tables come back, and nothing that a file does harms this process."""

import gzip
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import replace
from pathlib import Path
from typing import Any

import psutil
import pytest

from core.data.budget import Limits
from core.data.reading.chunks import SourceFile
from core.data.reading.files import SMALL_BYTES, read_bytes
from core.data.reading.sandbox import preview_file, read_pasted, read_tables, stream_file
from core.data.reading.streaming import stream_table
from core.data.table import ReadOptions
from core.errors import DataError, LimitError, StudioError
from tests.data.reading.cases import CSV, FRAME, csv_bytes, excel_bytes, parquet_bytes, zip_bytes
from tests.data.reading.hostile import READ, REFUSED

ROWS = csv_bytes([["text", "label"], *[[f"text number {i}, long enough", "xy"[i % 2]] for i in range(5_000)]])
BROKEN = ROWS + b"one,two,three,four\n"
FILES = {
    "x.csv": BROKEN,
    "x.xlsx": excel_bytes(Sheet=FRAME, Other=FRAME),
    "x.parquet": parquet_bytes(FRAME),
    "x.json": b'[{"text": "a", "label": 1}, {"text": "b\\ud800", "label": 2}]',
    "x.zip": zip_bytes({"train.csv": CSV, "test.csv": CSV}),
}
# Beyond what this process had before it read a file, while the file is read.
MOST_MEMORY = 500 << 20


def children() -> list[psutil.Process]:
    return psutil.Process().children(recursive=True)


@pytest.mark.parametrize("name", FILES)
def test_a_table_is_the_same_as_in_this_process(name: str) -> None:
    expected = read_bytes(FILES[name], name)
    table = read_tables({name: FILES[name]})
    assert table.frame.equals(expected.frame)
    assert table.frame.dtypes.equals(expected.frame.dtypes)
    assert (table.sheets, table.unreadable, table.format) == (expected.sheets, expected.unreadable, expected.format)


@pytest.mark.parametrize("name", ["x.csv", "x.jsonl", "x.parquet", "x.json", "x.csv.gz"])
def test_a_stream_of_rows_is_the_same_as_in_this_process(name: str, tmp_path: Path) -> None:
    content = {
        "x.csv": BROKEN,
        "x.jsonl": b'{"text": "a"}\n{"text": "b\\ud800"}\n' * 500 + b"no object\n",
        "x.csv.gz": gzip.compress(BROKEN, mtime=0),
    } | FILES
    path = tmp_path / name
    path.write_bytes(content[name])
    expected = stream_table(SourceFile.of_path(path))
    for source in (path, content[name]):
        stream = stream_file(name, source)
        assert (stream.columns, stream.rows, stream.name) == (expected.columns, expected.rows, expected.name)
        assert stream.empty.format == expected.empty.format
        for chunk, same in zip(stream.read(400), expected.read(400), strict=True):
            assert chunk.table.equals(same.table)
            assert chunk.problems == same.problems


def test_a_stream_is_read_as_the_options_say_and_ends_with_its_reader(tmp_path: Path) -> None:
    path = tmp_path / "x.csv"
    path.write_bytes(ROWS)
    before = len(children())
    rows = stream_file("x.csv", path, ReadOptions(header=False)).read(10)
    assert next(rows).table.column(0).to_pylist()[0] == "text"
    rows.close()  # type: ignore[attr-defined]
    assert _wait_for_children(before) <= before


@pytest.mark.parametrize("name", ["string.parquet", "rows.csv.gz"])
def test_a_stream_that_exceeds_its_limits_ends_in_a_sentence(name: str) -> None:
    with pytest.raises(LimitError, match="unpacks to"):
        sum(map(len, stream_file(name, REFUSED[name]()).read(1_000)))


def test_files_are_read_with_options_from_paths_and_as_previews(tmp_path: Path) -> None:
    path = tmp_path / "x.csv"
    path.write_bytes(ROWS)
    assert len(read_tables({"x.csv": path}, ReadOptions(header=False))) == 5_001
    preview = preview_file("x.csv", path)
    assert preview.rows == 5_000
    assert list(preview.head.frame.columns) == ["text", "label"]
    assert len(preview.head) == 1_000
    assert len(read_tables({"train.csv": path, "test.xlsx": FILES["x.xlsx"]})) == 5_003
    assert len(read_pasted(ROWS.decode())) == 5_000
    with pytest.raises(DataError, match="There is no file"):
        read_tables({"y.csv": tmp_path / "y.csv"})


@pytest.mark.parametrize("name", ["string.parquet", "rows.csv.gz", "strings.xlsx", "entities.xlsx"])
def test_a_file_that_means_harm_ends_in_a_sentence(name: str) -> None:
    with pytest.raises((DataError, LimitError)) as raised:
        read_tables({name: REFUSED[name]()})
    assert raised.value.message.endswith(".")
    assert raised.value.hint


@pytest.mark.parametrize("name", READ)
def test_a_strange_file_is_read_in_little_time(name: str) -> None:
    make, rows = READ[name]
    data, started = make(), time.process_time()
    assert len(read_bytes(data, name)) == rows
    assert time.process_time() - started < 10


@pytest.mark.slow
@pytest.mark.parametrize("name", REFUSED)
def test_every_hostile_file_is_refused_within_its_limits(name: str) -> None:
    content, most = REFUSED[name](), 0

    def watch(done: int, total: int) -> None:
        nonlocal most
        most = max([most, *(process.memory_info().rss for process in children() if process.is_running())])

    started = time.monotonic()
    with pytest.raises(StudioError) as raised:
        read_tables({name: content}, on_progress=watch)
    assert time.monotonic() - started < 10
    assert most < MOST_MEMORY
    assert raised.value.message.endswith(".")
    assert raised.value.hint


def _limits(monkeypatch: pytest.MonkeyPatch, **changes: Any) -> None:
    limits = replace(Limits.for_size(10_000_000), **changes)
    monkeypatch.setattr("core.data.budget.Limits.for_size", lambda size: limits)


def test_memory_and_time_are_limited(monkeypatch: pytest.MonkeyPatch) -> None:
    _limits(monkeypatch, memory_bytes=20_000_000)
    with pytest.raises(LimitError, match="more memory"):
        read_tables({"x.json": b'[{"text": "a", "label": "x"}' + b', ["b", "y"]' * 500_000 + b"]"})
    _limits(monkeypatch, seconds=0.01)
    with pytest.raises(LimitError, match="not read within"):
        read_tables({"far row.xlsx": REFUSED["far row.xlsx"]()})


class _Gone(BaseException):
    """What ends the run of a page whose visitor has left."""


def test_reading_ends_when_nobody_waits_for_it() -> None:
    read_tables({"x.xlsx": FILES["x.xlsx"]})  # the process that is forked is there
    before = len(children())

    def leave(done: int, total: int) -> None:
        raise _Gone

    with pytest.raises(_Gone):
        read_tables({"far row.xlsx": REFUSED["far row.xlsx"]()}, on_progress=leave)
    assert _wait_for_children(before) <= before


def _wait_for_children(most: int) -> int:
    """The number of processes of this one, once there are at most so many."""
    deadline = time.monotonic() + 20
    while len(children()) > most and time.monotonic() < deadline:
        time.sleep(0.05)
    return len(children())


def test_reading_goes_on_after_the_process_that_is_forked_has_ended() -> None:
    read_tables({"x.xlsx": FILES["x.xlsx"]})
    ended = children()
    for process in ended:
        with suppress(psutil.NoSuchProcess):  # the fork that has read the file may end by itself meanwhile
            process.kill()
    psutil.wait_procs(ended, timeout=10)
    assert len(read_tables({"x.xlsx": FILES["x.xlsx"]})) == len(FRAME)


WORST: dict[str, Callable[[], bytes]] = {
    "columns": lambda: (b",".join([b"a"] * 990) + b"\n") * (SMALL_BYTES // 2_000),
    "names": lambda: (b"a" * 99 + b",") * 990 + b"\nx\n",
    "quotes": lambda: b'text,label\n"' + b"a,b\n" * (SMALL_BYTES // 5),
    "delimiters": lambda: b"a\tb|c;d,e\n" * (SMALL_BYTES // 10),
}


@pytest.mark.parametrize("name", WORST)
def test_small_text_is_read_in_this_process(name: str) -> None:
    before = len(children())
    content = WORST[name]()
    assert len(content) <= SMALL_BYTES
    started = time.process_time()
    read_tables({"x.csv": content})
    assert time.process_time() - started < 5
    assert len(children()) <= before


@pytest.mark.slow
def test_without_fork_each_file_gets_a_new_interpreter(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("core.data.reading.sandbox_processes.HAS_FORK", False)
    before = len(children())
    assert read_tables({"x.xlsx": FILES["x.xlsx"]}).frame.equals(read_bytes(FILES["x.xlsx"], "x.xlsx").frame)
    with pytest.raises(DataError, match="damaged"):
        read_tables({"cut.xlsx": REFUSED["cut.xlsx"]()})
    assert len(children()) <= before
