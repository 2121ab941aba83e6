"""Label cells are split into labels, and names for label ids are parsed."""

import pandas as pd
import pytest

from core.data.labels import LabelForm, guess_label_form, parse_label_names, split_cell
from core.errors import DataError


@pytest.mark.parametrize(
    ("cells", "form"),
    [
        (["3,10", "3", "10,27", "27"], ","),
        (["red;blue", "blue", "red", "green;blue", "green"], ";"),
        (['["a", "b"]', '["b"]', "[]"], "list"),
        (["['a', 'b']", "['b']", "[]"], "list"),
        (["Cars, Bikes", "Food", "Cars, Bikes", "Music, Film"], "plain"),
    ],
)
def test_the_label_form_is_guessed(cells: list[str], form: str) -> None:
    assert guess_label_form(pd.Series(cells, dtype="str")) == form


@pytest.mark.parametrize(
    ("cell", "form", "names"),
    [
        ("a | b", "|", ["a", "b"]),
        ('["a", 3]', "list", ["a", "3"]),
        ("['a', \"b\"]", "list", ["a", "b"]),
        ("", "list", []),
        (" , ", ",", []),
    ],
)
def test_cells_are_split(cell: str, form: LabelForm, names: list[str]) -> None:
    assert split_cell(cell, form) == names


def test_a_cell_without_a_list_is_refused() -> None:
    with pytest.raises(DataError, match="Expected a list of labels"):
        split_cell("a, b", "list")


def test_label_names_are_parsed_with_and_without_ids() -> None:
    assert parse_label_names("joy\nanger\n") == (("0", "joy"), ("1", "anger"))
    with_header = "id,name\n1,neoplasms\n2,heart and vessels\n"
    assert parse_label_names(with_header) == (("1", "neoplasms"), ("2", "heart and vessels"))
    with pytest.raises(DataError, match="occurs twice"):
        parse_label_names("1,a\n1,b\n")
