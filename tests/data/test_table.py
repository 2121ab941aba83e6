"""The table's helpers: column names, cell text, row filters and hashes."""

import numpy as np
import pandas as pd
import pytest

from core.data.table import category_codes, cell_text, column_names, filter_rows, strip_whitespace


def test_column_names_are_distinct_and_never_empty() -> None:
    assert column_names(["a", "", "a", "Unnamed: 3"], 5) == ["a", "column 2", "a_", "column 4", "column 5"]
    assert column_names(None, 2) == ["column 1", "column 2"]


@pytest.mark.parametrize(
    ("value", "text"),
    [(None, ""), ("007", "007"), (True, "true"), (2.0, "2"), (2.5, "2.5"), (["é"], '["é"]'), ({"a": 1}, '{"a": 1}')],
)
def test_values_become_cell_text(value: object, text: str) -> None:
    assert cell_text(value) == text


def test_class_ids_become_class_names_and_invalid_ids_become_empty() -> None:
    assert [cell_text(value, ["bad", "good"]) for value in (0, 1, -1, 2)] == ["bad", "good", "", ""]


def test_rows_are_filtered_and_renumbered() -> None:
    rows = filter_rows(pd.DataFrame({"a": ["x", "y", "z"]}), np.asarray([True, False, True]))
    assert rows.to_dict("list") == {"a": ["x", "z"]}
    assert rows.index.tolist() == [0, 1]


def test_whitespace_is_stripped() -> None:
    assert strip_whitespace(pd.Series([" a ", "b", "\tc\n"])).tolist() == ["a", "b", "c"]


def test_equal_cells_have_equal_codes() -> None:
    codes = category_codes(pd.Series(["x", "y", "x"]))
    assert codes[0] == codes[2] != codes[1]
    assert set(codes) == {0, 1}
