"""What is taken out of a table, and what is refused."""

import pandas as pd
import pytest

from core.data.columns import ColumnChoice, apply_columns
from core.data.table import Table
from core.errors import DataError


def table(**columns: list[str]) -> Table:
    return Table(pd.DataFrame(columns), "x.csv", "utf-8", ",")


def test_rows_without_text_or_label_are_counted_and_left_out() -> None:
    labeled = apply_columns(table(t=["a", " ", "c", "d"], y=["x", "x", "", "y"]), ColumnChoice("t", "y", "binary"))
    assert labeled.skipped == 1
    assert labeled.unlabeled["text"].tolist() == ["c"]
    assert labeled.frame["row"].tolist() == [0, 3]
    assert labeled.task.labels == ("x", "y")


def test_multilabel_cells_are_split_and_may_be_empty() -> None:
    labeled = apply_columns(
        table(t=["a", "b", "c"], y=["q | p", "", "p"]), ColumnChoice("t", "y", "multilabel", form="|")
    )
    assert labeled.frame["label"].tolist() == [["p", "q"], [], ["p"]]


def test_label_order_does_not_depend_on_the_rows() -> None:
    choice = ColumnChoice("t", "y", "multiclass")
    orders = [
        apply_columns(table(t=list("abc"), y=labels), choice).task.labels
        for labels in (["b", "c", "a"], ["a", "b", "c"])
    ]
    assert orders == [("a", "b", "c")] * 2


@pytest.mark.parametrize(
    ("columns", "choice", "said"),
    [
        ({"t": ["a", "b"], "y": ["x", "x"]}, ColumnChoice("t", "y", "multiclass"), "at least two classes, found 1"),
        ({"t": ["a", "b"], "y": ["x", "y"]}, ColumnChoice("z", "y", "binary"), "no column 'z'"),
        ({"t": ["a", "b"], "y": ["", ""]}, ColumnChoice("t", "y", "binary"), "both a text and a label"),
        (
            {"t": ["a", "b"], "y": ["1", "high"]},
            ColumnChoice("t", "y", "regression"),
            "should hold numbers, found 'high'",
        ),
        (
            {"t": ["a", "b"], "y": ["x", "y"], "s": ["train", "foo"]},
            ColumnChoice("t", "y", "binary", "s"),
            "found 'foo'",
        ),
    ],
)
def test_unusable_columns_get_a_sentence(columns: dict[str, list[str]], choice: ColumnChoice, said: str) -> None:
    with pytest.raises(DataError) as caught:
        apply_columns(table(**columns), choice)
    assert said in caught.value.message
    assert caught.value.hint


def test_text_and_label_must_differ() -> None:
    with pytest.raises(DataError, match="cannot both be"):
        ColumnChoice("t", "t", "binary")
