"""Assign groups of rows to train, validation and test: in strata, in a fixed order, or label by label."""

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from core.data.columns import SPLITS

Ints = npt.NDArray[np.int64]


@dataclass(frozen=True)
class Shares:
    """The fractions of the rows that go to validation and test."""

    validation: float
    test: float

    def sizes(self, rows: int, groups: int) -> tuple[int, int]:
        """Validation and test rows of a stratum: at least one of each where there are three groups."""
        test, validation = round(rows * self.test), round(rows * self.validation)
        if groups >= 3:
            return max(validation, int(self.validation > 0)), max(test, int(self.test > 0))
        return 0, int(self.test > 0) if groups == 2 else 0


@dataclass(frozen=True)
class Groups:
    """Rows that stay together: the group of each row (rows,), the size of each group and its hash as sort key (groups,)."""

    ids: Ints
    sizes: Ints
    hashes: npt.NDArray[np.uint64]


def split_strata(strata: Ints, groups: Groups, shares: Shares) -> npt.NDArray[Any]:
    """The split of each group, drawn within each stratum. A group that is in several strata counts for the lowest.

    Groups are dealt so that the rows of each split come close to its share. What large groups leave over or use up in one
    stratum is made up for in the next, and the strata with the most groups come last.
    """
    stratum = pd.Series(strata).groupby(groups.ids).min().to_numpy()
    splits = np.full(len(groups.sizes), "train", dtype=object)
    numbers, counts = np.unique(stratum, return_counts=True)
    missing = (0, 0)
    for number in numbers[np.argsort(counts, kind="stable")]:
        members = np.flatnonzero(stratum == number)
        members = members[np.argsort(groups.hashes[members], kind="stable")]
        splits[members], missing = _deal(groups.sizes[members], shares, missing)
    return splits


def _deal(sizes: Ints, shares: Shares, missing: tuple[int, int]) -> tuple[npt.NDArray[Any], tuple[int, int]]:
    """The split of each group of a stratum, and the validation and test rows that are still missing afterwards.

    The first groups that fit go to test and the next to validation; then one more group if that brings the split closer. At
    least one group is left for each later split.
    """
    validation, test = shares.sizes(int(sizes.sum()), len(sizes))
    splits = np.full(len(sizes), "train", dtype=object)
    left = []
    for name, own, owed, kept in (
        ("test", test, missing[1], 1 + (validation > 0)),
        ("validation", validation, missing[0], 1),
    ):
        # Other strata may at most double the share of this one, or use it up but for one row.
        target = min(max(own + owed, 1), 2 * own) if own else 0
        dealt = _choose(sizes, np.flatnonzero(splits == "train"), target, kept)
        splits[dealt] = name
        left.append(own + owed - int(sizes[dealt].sum()))
    return splits, (left[1], left[0])


def _choose(sizes: Ints, free: Ints, target: int, kept: int) -> Ints:
    """The free groups that together have about ``target`` rows, the first ones that fit; at least ``kept`` are left."""
    chosen: list[int] = []
    for group in free:
        if target <= 0 or len(free) - len(chosen) <= kept:
            break
        if sizes[group] <= target:
            chosen.append(group)
            target -= int(sizes[group])
    rest = np.setdiff1d(free, chosen)
    if target > 0 and len(rest) > kept:
        nearest = rest[np.argmin(np.abs(sizes[rest] - target))]
        if not chosen or abs(int(sizes[nearest]) - target) < target:
            chosen.append(nearest)
    return np.asarray(chosen, dtype=np.int64)


def split_in_order(order: Ints, sizes: Ints, shares: Shares) -> npt.NDArray[Any]:
    """The split of each group: the first groups of the order go to test, the next to validation, according to their rows."""
    validation, test = shares.sizes(int(sizes.sum()), len(sizes))
    rows_before = np.cumsum(sizes[order]) - sizes[order]
    splits = np.full(len(order), "train", dtype=object)
    splits[order[rows_before < test + validation]] = "validation"
    splits[order[rows_before < test]] = "test"
    # A group that is large for its stratum can use up the rows of the next split.
    if len(order) > 1 and not (splits == "train").any():
        splits[order[-1]] = "train"
    if validation and len(order) >= 3 and not (splits == "validation").any():
        splits[order[-2]] = "validation"
    return splits


def split_iteratively(labels: npt.NDArray[np.bool_], groups: Groups, shares: Shares) -> npt.NDArray[Any]:
    """The split of each group by iterative stratification of the labels (rows, k) that its rows have, the rarest label first."""
    labeled_rows = np.zeros((len(groups.sizes), labels.shape[1]))
    np.add.at(labeled_rows, groups.ids, labels)
    has_label = labeled_rows > 0
    portions = np.asarray([1 - (shares.test + shares.validation), shares.validation, shares.test])
    missing = portions[:, None] * labeled_rows.sum(axis=0)
    room = portions * groups.sizes.sum()
    splits = np.full(len(has_label), "", dtype=object)
    order = np.argsort(groups.hashes, kind="stable")
    remaining = has_label.sum(axis=0).astype(float)
    while remaining.any():
        label = int(np.argmin(np.where(remaining > 0, remaining, np.inf)))
        for group in order[has_label[order, label] & (splits[order] == "")]:
            choice = max(range(3), key=lambda split: (missing[split, label], room[split], portions[split]))
            splits[group] = SPLITS[choice]
            missing[choice] -= labeled_rows[group]
            room[choice] -= groups.sizes[group]
            remaining[has_label[group]] -= 1
        remaining[label] = 0
    for group in order[splits[order] == ""]:  # groups without any label
        choice = int(np.argmax(room))
        splits[group] = SPLITS[choice]
        room[choice] -= groups.sizes[group]
    return splits
