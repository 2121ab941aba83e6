"""Which columns matter, and what task that makes."""

import pandas as pd
import pytest

from core.data.guessing import guess_columns, guess_kind
from core.data.reading.files import read_bytes
from core.data.samples import SAMPLES
from tests.data.test_columns import table


@pytest.mark.parametrize("sample", SAMPLES, ids=lambda sample: sample.file)
def test_the_samples_are_guessed_right(sample: object) -> None:
    known = next(s for s in SAMPLES if s is sample)
    assert guess_columns(known.read()) == known.columns


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
def test_the_task_is_guessed(labels: list[str], kind: str) -> None:
    assert guess_kind(pd.Series(labels))[0] == kind


def test_a_telling_name_beats_a_repetitive_column() -> None:
    rows = "\n".join(f"{i},en,a text about number {i},{'yes' if i % 3 else 'no'}" for i in range(30))
    choice = guess_columns(read_bytes(f"id,lang,body,category\n{rows}\n".encode(), "x.csv"))
    assert (choice.text, choice.label, choice.kind) == ("body", "category", "binary")


def test_a_split_column_is_seen_however_late_the_other_splits_come() -> None:
    rows = 20_000
    splits = ["train"] * (rows - 3) + ["dev"] * 2 + ["test"]
    long = table(text=[f"text number {i}" for i in range(rows)], label=["a", "b"] * (rows // 2), fold=splits)
    assert guess_columns(long).split == "fold"
