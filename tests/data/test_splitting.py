"""A split is a partition that keeps duplicates together, whatever the order of the rows."""

import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.data.columns import SPLITS, LabeledTexts
from core.data.splitting import SplitConfig, Splits, class_counts, missing_classes, split
from core.errors import ConfigError, DataError
from core.task import Label, Task


def labeled(rows: list[tuple[str, Label]], task: Task, given_splits: list[str] | None = None) -> LabeledTexts:
    frame = pd.DataFrame({"row": range(len(rows)), "text": [t for t, _ in rows], "label": [label for _, label in rows]})
    frame["given"] = given_splits or [""] * len(rows)
    return LabeledTexts(frame.assign(group="", time=""), task)


TASK = Task("multiclass", ("a", "b", "c"))
EVEN: list[tuple[str, Label]] = [(f"text {i}", "abc"[i % 3]) for i in range(90)]
row_lists = st.lists(
    st.tuples(st.sampled_from([f"text {i}" for i in range(40)]), st.sampled_from(["a", "b", "c"])),
    min_size=30,
    max_size=90,
)


def test_shares_are_kept_in_every_class() -> None:
    counts = class_counts(split(labeled(EVEN, TASK), SplitConfig(0.1, 0.2, 1)))
    assert counts[["train", "validation", "test"]].to_numpy().tolist() == [[21, 3, 6]] * 3


@given(rows=row_lists, seed=st.integers(0, 100))
def test_partition_duplicates_order_and_classes(rows: list[tuple[str, Label]], seed: int) -> None:
    rows = [*rows, *EVEN[:9]]
    splits = split(labeled(rows, TASK), SplitConfig(0.1, 0.2, seed))
    taken = [row for _, frame in splits for row in frame["row"]]
    assert sorted(taken) == list(range(len(rows)))
    texts = [set(frame["text"]) for _, frame in splits]
    assert sum(map(len, texts)) == len(set().union(*texts))
    turned = split(labeled(rows[::-1], TASK), SplitConfig(0.1, 0.2, seed))
    assert [sorted(frame["text"]) for _, frame in turned] == [sorted(frame["text"]) for _, frame in splits]
    assert turned.fingerprint() == splits.fingerprint()


@pytest.mark.parametrize("size", [3, 4, 7])
def test_a_class_of_three_texts_is_in_every_split(size: int) -> None:
    splits = split(
        labeled([*EVEN, *[(f"rare {i}", "rare") for i in range(size)]], Task("multiclass", ("a", "b", "c", "rare"))),
        SplitConfig(),
    )
    assert all("rare" in set(frame["label"]) for _, frame in splits)
    assert missing_classes(splits) == {}


def test_a_class_of_one_text_is_trained_on_and_named() -> None:
    splits = split(labeled([*EVEN, ("alone", "d")], Task("multiclass", ("a", "b", "c", "d"))), SplitConfig())
    assert "alone" in set(splits.train["text"])
    assert missing_classes(splits) == {"validation": ["d"], "test": ["d"]}


def test_another_seed_gives_another_split() -> None:
    one, other = (split(labeled(EVEN, TASK), SplitConfig(seed=seed)) for seed in (1, 2))
    assert one.fingerprint() != other.fingerprint()


def test_given_splits_are_kept_and_the_missing_one_is_taken_from_training() -> None:
    given_splits = ["test" if i < 30 else "train" for i in range(90)]
    splits = split(labeled(EVEN, TASK, given_splits), SplitConfig(0.1, 0.2, 3))
    assert sorted(splits.test["row"]) == list(range(30))
    assert len(splits.validation) == 6


def test_scores_are_spread_over_the_splits() -> None:
    splits = split(labeled([(f"t{i}", float(i)) for i in range(100)], Task("regression", ())), SplitConfig())
    assert splits.sizes() == {"train": 70, "validation": 10, "test": 20}
    assert abs(splits.test["label"].mean() - 49.5) < 6


def test_multilabel_rows_split_and_come_back_from_disk(tmp_path_factory: pytest.TempPathFactory) -> None:
    task = Task("multilabel", ("p", "q"))
    rows: list[tuple[str, Label]] = [(f"t{i}", [["p"], ["q"], ["p", "q"], []][i % 4]) for i in range(40)]
    splits = split(labeled(rows, task), SplitConfig())
    folder = tmp_path_factory.mktemp("splits")
    splits.save(folder)
    again = Splits.load(folder, task)
    assert again.fingerprint() == splits.fingerprint()
    assert again.train["label"].tolist() == splits.train["label"].tolist()


def test_too_few_rows_and_bad_shares_get_a_sentence() -> None:
    with pytest.raises(DataError, match="No row is left for validation, of 2"):
        split(labeled([("x", "a"), ("y", "b")], Task("binary", ("a", "b"))), SplitConfig())
    with pytest.raises(ConfigError, match=r"test share between 0 and 0\.5, found 0\.9"):
        SplitConfig(test_share=0.9)


def with_column(name: str, values: list[str]) -> LabeledTexts:
    make_estimate = labeled(EVEN, TASK)
    return LabeledTexts(make_estimate.frame.assign(**{name: values}), TASK)


@given(seed=st.integers(0, 50))
def test_groups_and_near_duplicates_stay_together(seed: int) -> None:
    splits = split(with_column("group", [f"author {i // 5}" for i in range(90)]), SplitConfig(0.2, 0.2, seed))
    authors = [{int(text.split()[1]) // 5 for text in frame["text"]} for _, frame in splits]
    assert sum(map(len, authors)) == len(set().union(*authors))
    near: list[tuple[str, Label]] = [(f"Text {i}!", "abc"[i % 3]) for i in range(90)]
    both = split(labeled([*EVEN, *near], TASK), SplitConfig(0.2, 0.2, seed))
    kept = [{text.lower().rstrip("!") for text in frame["text"]} for _, frame in both]
    assert sum(map(len, kept)) == len(set().union(*kept))


def test_the_latest_rows_are_the_test() -> None:
    times = [f"2024-{1 + i // 28:02d}-{1 + i % 28:02d}" for i in range(90)]
    splits = split(with_column("time", times), SplitConfig(0.1, 0.2, by_time=True))
    assert splits.train["row"].max() < splits.validation["row"].min()
    assert splits.validation["row"].max() < splits.test["row"].min()
    assert splits.sizes() == {"train": 63, "validation": 9, "test": 18}
    with pytest.raises(DataError, match="no date"):
        split(with_column("time", ["soon"] * 90), SplitConfig(by_time=True))


@given(seed=st.integers(0, 50))
def test_rare_labels_of_many_are_dealt_to_every_split(seed: int) -> None:
    rows: list[tuple[str, Label]] = [
        (f"text {i}", sorted({"common", *(["rare"] if i % 9 == 0 else []), *(["odd"] if i % 2 else [])}))
        for i in range(90)
    ]
    task = Task("multilabel", ("common", "odd", "rare"))
    counts = class_counts(split(labeled(rows, task), SplitConfig(0.2, 0.2, seed)))
    train = dict(zip(counts["label"], counts["train"], strict=True))
    assert counts.loc[counts["label"] == "rare", list(SPLITS)].to_numpy().tolist() == [[6, 2, 2]]
    assert abs(train["odd"] - 27) <= 1
