"""Groups are assigned to splits by their rows; small strata get at least one group in each split."""

import numpy as np
import pytest

from core.data.stratification import Groups, Shares, split_in_order, split_iteratively, split_strata

SHARES = Shares(validation=0.1, test=0.2)


def single_rows(count: int) -> Groups:
    return Groups(np.arange(count), np.ones(count, dtype=np.int64), np.arange(count, dtype=np.uint64))


@pytest.mark.parametrize(
    ("rows", "groups", "sizes"), [(90, 90, (9, 18)), (3, 3, (1, 1)), (2, 2, (0, 1)), (1, 1, (0, 0)), (50, 2, (0, 1))]
)
def test_the_rows_of_a_stratum(rows: int, groups: int, sizes: tuple[int, int]) -> None:
    assert SHARES.sizes(rows, groups) == sizes


def test_the_first_groups_go_to_test_and_the_next_to_validation() -> None:
    splits = split_in_order(np.arange(10)[::-1], np.ones(10, dtype=np.int64), SHARES)
    assert splits.tolist() == ["train"] * 7 + ["validation"] + ["test"] * 2


def test_a_large_group_leaves_groups_for_validation_and_train() -> None:
    splits = split_in_order(np.arange(3), np.asarray([100, 1, 1]), SHARES)
    assert splits.tolist() == ["test", "validation", "train"]


def test_each_stratum_is_split() -> None:
    splits = split_strata(np.arange(30) % 3, single_rows(30), SHARES)
    for stratum in range(3):
        assert sorted(splits[stratum::3]) == ["test"] * 2 + ["train"] * 7 + ["validation"]


def test_a_rare_label_is_in_every_split() -> None:
    labels = np.zeros((30, 2), dtype=bool)
    labels[:, 0] = True
    labels[:10, 1] = True
    splits = split_iteratively(labels, single_rows(30), SHARES)
    assert sorted(splits[:10]) == ["test"] * 2 + ["train"] * 7 + ["validation"]


@pytest.mark.parametrize("sizes", [[40, 30, *[5] * 16], [25] * 4, [60, *[5] * 20], [7] * 30])
def test_large_groups_are_dealt_so_that_the_shares_stay_close(sizes: list[int]) -> None:
    ids = np.repeat(np.arange(len(sizes)), sizes)
    groups = Groups(ids, np.asarray(sizes), np.arange(len(sizes), dtype=np.uint64))
    rows = split_strata(np.zeros_like(ids), groups, SHARES)[ids]
    closest = 0.05 if sizes == [25] * 4 else 0.03  # a quarter is the nearest to a fifth that four equal groups allow
    assert abs((rows == "test").mean() - SHARES.test) <= closest + 1e-9
    if sizes != [25] * 4:
        assert abs((rows == "validation").mean() - SHARES.validation) <= 0.03


def test_the_rows_of_a_large_multilabel_group_are_counted() -> None:
    sizes = [40, *[1] * 60]
    ids = np.repeat(np.arange(len(sizes)), sizes)
    groups = Groups(ids, np.asarray(sizes), np.arange(len(sizes), dtype=np.uint64))
    rows = split_iteratively(np.ones((100, 1), dtype=bool), groups, SHARES)[ids]
    assert {name: (rows == name).sum() for name in ("train", "validation", "test")} == pytest.approx(
        {"train": 70, "validation": 10, "test": 20}, abs=3
    )
