"""Labeled texts are extracted from the chosen columns of a table; unusable columns are refused."""

import pytest

from core.data.columns import ColumnChoice, apply_columns
from core.data.guessing import guess_columns
from core.data.labels import parse_label_names
from core.errors import DataError
from tests.data.cases import SENTENCES, make_table


def test_rows_without_a_text_or_a_label_are_left_out() -> None:
    table = make_table(t=["a", " ", "c", "d"], y=["x", "x", "", "y"])
    labeled = apply_columns(table, ColumnChoice("t", "y", "binary"))
    assert labeled.skipped == 1
    assert labeled.unlabeled["text"].tolist() == ["c"]
    assert labeled.frame["row"].tolist() == [0, 3]
    assert labeled.task.labels == ("x", "y")


def test_multilabel_cells_are_split_and_may_be_empty() -> None:
    table = make_table(t=["a", "b", "c"], y=["q | p", "", "p"])
    labeled = apply_columns(table, ColumnChoice("t", "y", "multilabel", form="|"))
    assert labeled.frame["label"].tolist() == [["p", "q"], [], ["p"]]


def test_label_ids_are_replaced_by_names() -> None:
    choice = ColumnChoice("t", "y", "multilabel", form=",", names=parse_label_names("joy\nanger\nfear"))
    labeled = apply_columns(make_table(t=SENTENCES[:3], y=["0,2", "1", ""]), choice)
    assert labeled.frame["label"].tolist() == [["fear", "joy"], ["anger"], []]


def test_one_column_of_flags_per_label() -> None:
    flags = {"toxic": ["1", "0", "0"] * 4, "insult": ["1", "1", "0"] * 4, "threat": ["0", "0", "1"] * 4}
    table = make_table(comment_text=SENTENCES, **flags)
    choice = guess_columns(table)
    assert (choice.kind, choice.form, choice.label_columns) == ("multilabel", "columns", ("toxic", "insult", "threat"))
    labels = [set(names) for names in apply_columns(table, choice).frame["label"]]
    assert labels[:3] == [{"toxic", "insult"}, {"insult"}, {"threat"}]


def test_scores_may_have_decimal_commas() -> None:
    table = make_table(text=SENTENCES, score=[f"{i},{i}5" for i in range(12)])
    choice = guess_columns(table)
    assert choice.kind == "regression"
    assert apply_columns(table, choice).frame["label"].tolist()[:3] == [0.05, 1.15, 2.25]


def test_label_order_does_not_depend_on_the_rows() -> None:
    choice = ColumnChoice("t", "y", "multiclass")
    orders = [
        apply_columns(make_table(t=list("abc"), y=labels), choice).task.labels
        for labels in (["b", "c", "a"], ["a", "b", "c"])
    ]
    assert orders == [("a", "b", "c")] * 2


@pytest.mark.parametrize(
    ("columns", "choice", "message"),
    [
        ({"t": ["a", "b"], "y": ["x", "x"]}, ColumnChoice("t", "y", "multiclass"), "at least two classes, found 1"),
        ({"t": ["a", "b"], "y": ["x", "y"]}, ColumnChoice("z", "y", "binary"), "no column 'z'"),
        ({"t": ["a", "b"], "y": ["", ""]}, ColumnChoice("t", "y", "binary"), "both a text and a label"),
        (
            {"t": ["a", "b"], "y": ["1", "high"]},
            ColumnChoice("t", "y", "regression"),
            "Expected numbers in the column 'y', found 'high'",
        ),
        (
            {"t": ["a", "b"], "y": ["x", "y"], "s": ["train", "foo"]},
            ColumnChoice("t", "y", "binary", "s"),
            "found 'foo'",
        ),
    ],
)
def test_unusable_columns_get_a_message_and_a_hint(
    columns: dict[str, list[str]], choice: ColumnChoice, message: str
) -> None:
    with pytest.raises(DataError) as caught:
        apply_columns(make_table(**columns), choice)
    assert message in caught.value.message
    assert caught.value.hint


def test_text_and_label_must_be_different_columns() -> None:
    with pytest.raises(DataError, match="cannot both be"):
        ColumnChoice("t", "t", "binary")
