"""The columns and the kind of task are guessed."""

import pandas as pd
import pytest

from core.data.guessing import guess_columns
from core.data.reading.files import read_bytes
from core.data.samples import SAMPLES, Sample
from core.data.task_guess import guess_task
from tests.data.cases import SENTENCES, make_table


@pytest.mark.parametrize("sample", SAMPLES, ids=lambda sample: sample.file)
def test_the_columns_of_the_samples_are_guessed(sample: Sample) -> None:
    assert guess_columns(sample.read()) == sample.columns


@pytest.mark.parametrize(
    ("labels", "kind"),
    [
        (["a", "b", "a"], "binary"),
        (["a", "b", "c"], "multiclass"),
        (["1", "2", "3"], "multiclass"),
        (["a|b", "", "b"], "multilabel"),
        (["0.5", "1.25", "3"], "regression"),
        ([str(i) for i in range(40)], "regression"),
    ],
)
def test_the_kind_of_task_is_guessed(labels: list[str], kind: str) -> None:
    assert guess_task(pd.Series(labels)).kind == kind


def test_a_typical_column_name_outweighs_a_more_repetitive_column() -> None:
    rows = "\n".join(f"{i},en,a text about number {i},{'yes' if i % 3 else 'no'}" for i in range(30))
    choice = guess_columns(read_bytes(f"id,lang,body,category\n{rows}\n".encode(), "x.csv"))
    assert (choice.text, choice.label, choice.kind) == ("body", "category", "binary")


def test_a_column_of_class_names_is_preferred_to_their_ids() -> None:
    table = make_table(text=SENTENCES, label=["0", "1", "2"] * 4, label_text=["sad", "glad", "mad"] * 4)
    assert guess_columns(table).label == "label_text"


def test_a_split_column_is_found() -> None:
    table = make_table(text=SENTENCES, label=["a", "b"] * 6, split=["train", "train", "dev", "test"] * 3)
    assert guess_columns(table).split == "split"


def test_a_split_column_is_found_although_most_rows_are_for_training() -> None:
    rows = 20_000
    splits = ["train"] * (rows - 3) + ["dev"] * 2 + ["test"]
    table = make_table(text=[f"text number {i}" for i in range(rows)], label=["a", "b"] * (rows // 2), fold=splits)
    assert guess_columns(table).split == "fold"
