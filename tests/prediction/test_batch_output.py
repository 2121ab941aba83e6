"""Tables written in parts: the cells come back from every format, and nothing in them is run as a formula."""

import csv
import json
from collections.abc import Iterator
from datetime import datetime
from decimal import Decimal
from pathlib import Path
from typing import get_args

import openpyxl
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from core.errors import ConfigError, LimitError
from core.formatting import csv_bytes
from core.prediction.batch_output import (
    FORMAT_TITLES,
    OutputFormat,
    check_output_rows,
    output_format_of,
    write_tables,
)

TEXTS = ["plain", "a, b", 'say "hi"', "two\nlines", "old\rmac", "", None, "=1+1", "-5", "@x", "'=1", "schöne 🦊"]
TABLE = pa.table(
    {"text": TEXTS, "=name": [f"row {i}" for i in range(12)], "score": [i / 4 - 1 for i in range(11)] + [None]}
)


def parts() -> Iterator[pa.Table]:
    for first in range(0, 12, 5):
        yield TABLE.slice(first, 5)


def test_csv_is_read_back_and_safe_to_open_in_a_spreadsheet(tmp_path: Path) -> None:
    write_tables(tmp_path / "x.csv", "csv", parts())
    with (tmp_path / "x.csv").open(encoding="utf-8-sig", newline="") as file:
        rows = list(csv.reader(file))
    assert rows[0] == ["text", "'=name", "score"]
    assert [row[0] for row in rows[1:]] == [
        *["plain", "a, b", 'say "hi"', "two\nlines", "old\rmac", "", "", "'=1+1", "'-5", "'@x", "'=1", "schöne 🦊"]
    ]
    assert [row[2] for row in rows[1:]] == [
        "-1",
        "-0.75",
        "-0.5",
        "-0.25",
        "0",
        "0.25",
        "0.5",
        "0.75",
        "1",
        "1.25",
        "1.5",
        "",
    ]


def test_csv_is_that_of_other_downloads(tmp_path: Path) -> None:
    table = TABLE.slice(0, 4).append_column("p", pa.array([0.1234, 0.5, 0.25, 0.125])).drop_columns("score")
    write_tables(tmp_path / "x.csv", "csv", [table])
    assert (tmp_path / "x.csv").read_bytes() == csv_bytes(table.to_pandas())


def test_parquet_keeps_types_and_has_few_row_groups(tmp_path: Path) -> None:
    write_tables(tmp_path / "x.parquet", "parquet", parts())
    assert pq.read_table(tmp_path / "x.parquet").equals(TABLE)
    assert pq.ParquetFile(tmp_path / "x.parquet").num_row_groups == 1


def test_json_lines_has_null_for_what_json_does_not_know(tmp_path: Path) -> None:
    table = pa.table(
        {
            "text": ["a\nb", None],
            "when": [datetime(2020, 1, 2, 3, 4), None],
            "price": [Decimal("1.50"), None],
            "nested": [{"x": [1.0, float("nan")]}, None],
            "number": [float("inf"), 0.5],
        }
    )
    write_tables(tmp_path / "x.jsonl", "jsonl", [table])
    rows = [
        json.loads(line, parse_constant=pytest.fail) for line in (tmp_path / "x.jsonl").read_text().split("\n") if line
    ]
    assert rows[0] == {
        "text": "a\nb",
        "when": "2020-01-02 03:04:00",
        "price": "1.50",
        "nested": {"x": [1.0, None]},
        "number": None,
    }
    assert rows[1] == {"text": None, "when": None, "price": None, "nested": None, "number": 0.5}


def test_excel_stores_formulas_as_text_and_leaves_out_what_it_cannot_hold(tmp_path: Path) -> None:
    table = pa.table(
        {
            "text": ["=1+1", "bell\x07", "x" * 40_000, None],
            "number": [1.5, float("nan"), 2.0, 3.0],
            "when": [datetime(2020, 1, 2), None, None, None],
        }
    )
    write_tables(tmp_path / "x.xlsx", "xlsx", [table.slice(0, 2), table.slice(2)])
    sheet = openpyxl.load_workbook(tmp_path / "x.xlsx").active
    assert sheet is not None
    assert [[cell.value for cell in row] for row in sheet.iter_rows()] == [
        ["text", "number", "when"],
        ["=1+1", 1.5, "2020-01-02 00:00:00"],
        ["bell", None, None],
        ["x" * 32_767, 2, None],
        [None, 3, None],
    ]
    assert sheet["A2"].data_type != "f"


@pytest.mark.parametrize("output_format", get_args(OutputFormat))
def test_every_format_has_a_title_and_keeps_the_number_of_rows(output_format: OutputFormat, tmp_path: Path) -> None:
    path = tmp_path / f"x.{output_format}"
    write_tables(path, output_format, parts())
    readers = {
        "csv": pd.read_csv,
        "parquet": pd.read_parquet,
        "jsonl": lambda file: pd.read_json(file, lines=True),
        "xlsx": pd.read_excel,
    }
    assert len(readers[output_format](path)) == 12  # type: ignore[operator]
    assert FORMAT_TITLES[output_format]
    assert output_format_of(path) == output_format


def test_the_format_follows_from_the_name() -> None:
    assert output_format_of(Path("x")) == "csv"
    assert output_format_of(Path("x.NDJSON")) == "jsonl"
    with pytest.raises(ConfigError, match=r"cannot be written as '\.txt'"):
        output_format_of(Path("x.txt"))


def test_more_rows_than_excel_holds_are_refused() -> None:
    check_output_rows("xlsx", 1_048_575)
    check_output_rows("csv", 10_000_000)
    with pytest.raises(LimitError, match="up to 1,048,575 rows below its header, found 1,048,576"):
        check_output_rows("xlsx", 1_048_576)
