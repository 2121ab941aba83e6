"""A split is a partition of the rows that keeps duplicates together and does not depend on the order of the rows."""

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.data.columns import SPLITS
from core.data.splitting import SplitConfig, Splits, class_counts, missing_classes, split, split_labels
from core.errors import ConfigError, DataError
from core.task import Label, Task
from tests.data.cases import make_labeled

TASK = Task("multiclass", ("a", "b", "c"))
BALANCED: list[tuple[str, Label]] = [(f"text {i}", "abc"[i % 3]) for i in range(90)]
row_lists = st.lists(
    st.tuples(st.sampled_from([f"text {i}" for i in range(40)]), st.sampled_from(["a", "b", "c"])),
    min_size=30,
    max_size=90,
)


def test_every_class_is_split_by_the_shares() -> None:
    counts = class_counts(split(make_labeled(BALANCED, TASK), SplitConfig(0.1, 0.2, 1)))
    assert counts[["train", "validation", "test"]].to_numpy().tolist() == [[21, 3, 6]] * 3


@given(rows=row_lists, seed=st.integers(0, 100))
def test_a_split_is_a_partition_that_keeps_duplicates_together(rows: list[tuple[str, Label]], seed: int) -> None:
    rows = [*rows, *BALANCED[:9]]
    splits = split(make_labeled(rows, TASK), SplitConfig(0.1, 0.2, seed))
    assert sorted(row for _, frame in splits for row in frame["row"]) == list(range(len(rows)))
    texts = [set(frame["text"]) for _, frame in splits]
    assert sum(map(len, texts)) == len(set().union(*texts))


@given(rows=row_lists, seed=st.integers(0, 100))
def test_a_split_does_not_depend_on_the_order_of_the_rows(rows: list[tuple[str, Label]], seed: int) -> None:
    rows = [*rows, *BALANCED[:9]]
    splits, reversed_splits = (
        split(make_labeled(order, TASK), SplitConfig(0.1, 0.2, seed)) for order in (rows, rows[::-1])
    )
    assert [sorted(frame["text"]) for _, frame in reversed_splits] == [sorted(frame["text"]) for _, frame in splits]
    assert reversed_splits.fingerprint() == splits.fingerprint()


@pytest.mark.parametrize("size", [3, 4, 7])
def test_a_class_of_three_texts_is_in_every_split(size: int) -> None:
    rows: list[tuple[str, Label]] = [*BALANCED, *[(f"rare {i}", "rare") for i in range(size)]]
    splits = split(make_labeled(rows, Task("multiclass", ("a", "b", "c", "rare"))), SplitConfig())
    assert all("rare" in set(frame["label"]) for _, frame in splits)
    assert missing_classes(splits) == {}


def test_a_class_of_one_text_is_in_train_and_reported_as_missing_elsewhere() -> None:
    rows: list[tuple[str, Label]] = [*BALANCED, ("alone", "d")]
    splits = split(make_labeled(rows, Task("multiclass", ("a", "b", "c", "d"))), SplitConfig())
    assert "alone" in set(splits.train["text"])
    assert missing_classes(splits) == {"validation": ["d"], "test": ["d"]}


def test_another_seed_gives_another_split() -> None:
    first, second = (split(make_labeled(BALANCED, TASK), SplitConfig(seed=seed)) for seed in (1, 2))
    assert first.fingerprint() != second.fingerprint()


def test_splits_of_the_file_are_kept_and_a_missing_one_is_taken_from_train() -> None:
    file_split = ["test" if i < 30 else "train" for i in range(90)]
    splits = split(make_labeled(BALANCED, TASK, file_split=file_split), SplitConfig(0.1, 0.2, 3))
    assert sorted(splits.test["row"]) == list(range(30))
    assert len(splits.validation) == 6


def test_scores_are_spread_over_the_splits() -> None:
    splits = split(make_labeled([(f"t{i}", float(i)) for i in range(100)], Task("regression", ())), SplitConfig())
    assert splits.sizes() == {"train": 70, "validation": 10, "test": 20}
    assert abs(splits.test["label"].mean() - 49.5) < 6


def test_multilabel_splits_are_saved_and_loaded(tmp_path: Path) -> None:
    task = Task("multilabel", ("p", "q"))
    rows: list[tuple[str, Label]] = [(f"t{i}", [["p"], ["q"], ["p", "q"], []][i % 4]) for i in range(40)]
    splits = split(make_labeled(rows, task), SplitConfig())
    splits.save(tmp_path)
    loaded = Splits.load(tmp_path, task)
    assert loaded.fingerprint() == splits.fingerprint()
    assert loaded.train["label"].tolist() == splits.train["label"].tolist()


def test_split_labels_has_the_labels_of_the_split() -> None:
    labeled = make_labeled(BALANCED, TASK)
    labels = [frame["label"].tolist() for _, frame in split_labels(labeled, SplitConfig())]
    assert labels == [frame["label"].tolist() for _, frame in split(labeled, SplitConfig())]


def test_too_few_rows_and_invalid_shares_are_refused() -> None:
    with pytest.raises(DataError, match="No rows are left for validation: there are only 2 labeled rows"):
        split(make_labeled([("x", "a"), ("y", "b")], Task("binary", ("a", "b"))), SplitConfig())
    with pytest.raises(ConfigError, match=r"test share between 0 and 0\.5, found 0\.9"):
        SplitConfig(test_share=0.9)


@given(seed=st.integers(0, 50))
def test_groups_and_near_duplicates_stay_together(seed: int) -> None:
    grouped = make_labeled(BALANCED, TASK, group=[f"author {i // 5}" for i in range(90)])
    splits = split(grouped, SplitConfig(0.2, 0.2, seed))
    authors = [{int(text.split()[1]) // 5 for text in frame["text"]} for _, frame in splits]
    assert sum(map(len, authors)) == len(set().union(*authors))
    near: list[tuple[str, Label]] = [(f"Text {i}!", "abc"[i % 3]) for i in range(90)]
    splits = split(make_labeled([*BALANCED, *near], TASK), SplitConfig(0.2, 0.2, seed))
    texts = [{text.lower().rstrip("!") for text in frame["text"]} for _, frame in splits]
    assert sum(map(len, texts)) == len(set().union(*texts))


def test_a_split_by_time_tests_on_the_latest_rows() -> None:
    times = [f"2024-{1 + i // 28:02d}-{1 + i % 28:02d}" for i in range(90)]
    splits = split(make_labeled(BALANCED, TASK, time=times), SplitConfig(0.1, 0.2, by_time=True))
    assert splits.train["row"].max() < splits.validation["row"].min()
    assert splits.validation["row"].max() < splits.test["row"].min()
    assert splits.sizes() == {"train": 63, "validation": 9, "test": 18}
    with pytest.raises(DataError, match="Expected a date or time in the time column, found 'soon'"):
        split(make_labeled(BALANCED, TASK, time=["soon"] * 90), SplitConfig(by_time=True))


@given(seed=st.integers(0, 50))
def test_rare_labels_of_a_multilabel_task_are_in_every_split(seed: int) -> None:
    rows: list[tuple[str, Label]] = [
        (f"text {i}", sorted({"common", *(["rare"] if i % 9 == 0 else []), *(["odd"] if i % 2 else [])}))
        for i in range(90)
    ]
    task = Task("multilabel", ("common", "odd", "rare"))
    counts = class_counts(split(make_labeled(rows, task), SplitConfig(0.2, 0.2, seed)))
    train = dict(zip(counts["label"], counts["train"], strict=True))
    assert counts.loc[counts["label"] == "rare", list(SPLITS)].to_numpy().tolist() == [[6, 2, 2]]
    assert abs(train["odd"] - 27) <= 1
