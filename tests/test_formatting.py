"""How numbers and tables are written."""

import math

import pandas as pd
import pytest

from core import formatting


def test_counts_and_names() -> None:
    assert formatting.pluralize(1, "row") == "1 row"
    assert formatting.pluralize(2_000, "row") == "2,000 rows"
    assert formatting.pluralize(3, "class", "classes") == "3 classes"
    assert formatting.join_names(["a", "b"]) == "a, b"
    assert formatting.join_names(["a", "b", "c", "d", "e"]) == "a, b, c and 2 more"


def test_numbers() -> None:
    assert formatting.format_percent(0.8139) == "81.4%"
    assert formatting.format_percent(math.nan) == formatting.format_number(math.nan) == "undefined"
    assert formatting.format_number(0.71349) == "0.713"
    assert formatting.format_range(0.841, 0.929, percent=True) == "84 and 93%"
    assert formatting.format_range(0.8991, 0.9009, percent=True) == "89.9 and 90.1%"
    assert formatting.format_range(0.7112, 0.7151) == "0.71 and 0.72"


@pytest.mark.parametrize(("seconds", "text"), [(40.2, "40 s"), (200, "3 min 20 s"), (3900, "1 h 5 min"), (-1, "0 s")])
def test_durations(seconds: float, text: str) -> None:
    assert formatting.format_duration(seconds) == text


def test_downloads_hold_no_formulas_in_cells_or_column_names() -> None:
    table = pd.DataFrame({"=cmd()": ["=1+1", "fine"], "n": [-1, 2]})
    lines = formatting.csv_bytes(table).decode("utf-8-sig").splitlines()
    assert lines == ["'=cmd(),n", "'=1+1,-1", "fine,2"]
    assert formatting.json_bytes(table.head(1)).decode().split() == ["[", "{", '"=cmd()":"=1+1",', '"n":-1', "}", "]"]
