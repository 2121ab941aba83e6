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
    """The split of each group, drawn within each stratum. A group that is in several strata counts for the lowest."""
    stratum = pd.Series(strata).groupby(groups.ids).min().to_numpy()
    splits = np.full(len(groups.sizes), "train", dtype=object)
    for number in np.unique(stratum):
        members = np.flatnonzero(stratum == number)
        members = members[np.argsort(groups.hashes[members], kind="stable")]
        splits[members] = split_in_order(np.arange(len(members)), groups.sizes[members], shares)
    return splits


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
    has_label = np.zeros((len(groups.sizes), labels.shape[1]), dtype=bool)
    np.logical_or.at(has_label, groups.ids, labels)
    portions = np.asarray([1 - (shares.test + shares.validation), shares.validation, shares.test])
    missing = portions[:, None] * has_label.sum(axis=0)
    room = portions * len(has_label)
    splits = np.full(len(has_label), "", dtype=object)
    order = np.argsort(groups.hashes, kind="stable")
    remaining = has_label.sum(axis=0).astype(float)
    while remaining.any():
        label = int(np.argmin(np.where(remaining > 0, remaining, np.inf)))
        for group in order[has_label[order, label] & (splits[order] == "")]:
            choice = max(range(3), key=lambda split: (missing[split, label], room[split], portions[split]))
            splits[group] = SPLITS[choice]
            missing[choice, has_label[group]] -= 1
            room[choice] -= 1
            remaining[has_label[group]] -= 1
        remaining[label] = 0
    for group in order[splits[order] == ""]:  # groups without any label
        choice = int(np.argmax(room))
        splits[group] = SPLITS[choice]
        room[choice] -= 1
    return splits
