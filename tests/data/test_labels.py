"""How several labels are written in a cell, what ids stand for, and which column spells them out."""

import pandas as pd
import pytest

from core.data.columns import ColumnChoice, apply_columns
from core.data.guessing import guess_columns
from core.data.labels import LabelForm, guess_form, read_names, split_cell
from core.data.table import Table
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
def test_the_form_is_guessed(cells: list[str], form: str) -> None:
    assert guess_form(pd.Series(cells, dtype="str")) == form


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


def test_a_cell_that_is_no_list_gets_a_sentence() -> None:
    with pytest.raises(DataError, match="list of labels"):
        split_cell("a, b", "list")


def test_names_of_ids() -> None:
    assert read_names("joy\nanger\n") == (("0", "joy"), ("1", "anger"))
    assert read_names("id,name\n1,neoplasms\n2,heart and vessels\n") == (("1", "neoplasms"), ("2", "heart and vessels"))
    with pytest.raises(DataError, match="twice"):
        read_names("1,a\n1,b\n")


def table(**columns: list[str]) -> Table:
    return Table(pd.DataFrame(columns, dtype="str"), "x.csv")


TEXTS = [f"this is the sentence number {i} about something" for i in range(12)]


def test_ids_with_names_in_a_multilabel_column() -> None:
    choice = ColumnChoice("t", "y", "multilabel", form=",", names=read_names("joy\nanger\nfear"))
    labeled = apply_columns(table(t=TEXTS[:3], y=["0,2", "1", ""]), choice)
    assert labeled.frame["label"].tolist() == [["fear", "joy"], ["anger"], []]


def test_one_column_of_flags_a_label() -> None:
    flags = {"toxic": ["1", "0", "0"] * 4, "insult": ["1", "1", "0"] * 4, "threat": ["0", "0", "1"] * 4}
    both = table(comment_text=TEXTS, **flags)
    choice = guess_columns(both)
    assert (choice.kind, choice.form, choice.label_columns) == ("multilabel", "columns", ("toxic", "insult", "threat"))
    held = [set(names) for names in apply_columns(both, choice).frame["label"]]
    assert held[:3] == [{"toxic", "insult"}, {"insult"}, {"threat"}]


def test_the_names_beside_the_numbers_are_the_label() -> None:
    both = table(text=TEXTS, label=["0", "1", "2"] * 4, label_text=["sad", "glad", "mad"] * 4)
    assert guess_columns(both).label == "label_text"


def test_a_split_column_is_seen_and_decimal_commas_are_numbers() -> None:
    both = table(text=TEXTS, label=["a", "b"] * 6, split=["train", "train", "dev", "test"] * 3)
    assert guess_columns(both).split == "split"
    scores = table(text=TEXTS, score=[f"{i},{i}5" for i in range(12)])
    choice = guess_columns(scores)
    assert choice.kind == "regression"
    assert apply_columns(scores, choice).frame["label"].tolist()[:3] == [0.05, 1.15, 2.25]
