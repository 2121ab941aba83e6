"""Split labeled texts into train, validation and test rows: stratified, reproducible, with duplicates kept together.

Rows that must stay in one split (equal texts, near-duplicates, the same group) form a group. Groups are sorted by a hash of
seed and text, so the result does not depend on the order of the rows. In each stratum (a class, or a tenth of the score range)
the first groups go to test, the next to validation and the rest to training. Rows of a multi-label task are assigned label by
label, the rarest first (iterative stratification, Sechidis et al. 2011). A split by time takes the latest rows for test and
those before them for validation.
"""

import hashlib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd
from pandas.api.types import is_integer_dtype

from core.data import near_duplicates
from core.data.columns import SPLITS, LabeledTexts, label_counts
from core.data.stratification import Groups, Ints, Shares, split_in_order, split_iteratively, split_strata
from core.data.table import category_codes, filter_rows, hash_cells
from core.errors import ConfigError, DataError
from core.formatting import pluralize
from core.storage import damaged, read_parquet
from core.task import Task
from core.workspace import write_atomically

_SCORE_STRATA = 10
# The column of a split's frame with the unit of each row.
UNIT = "unit"


@dataclass(frozen=True)
class SplitConfig:
    """The settings of a split: the validation and test shares (fractions of all rows) and how their rows are chosen.

    ``by_time`` takes the latest rows instead of random ones. ``group_near_duplicates`` keeps near-duplicates in one split
    (where there are at most ``near_duplicates.MAX_COMPARED_TEXTS`` distinct texts).
    """

    validation_share: float = 0.1
    test_share: float = 0.2
    seed: int = 42
    by_time: bool = False
    group_near_duplicates: bool = True

    def __post_init__(self) -> None:
        for name in ("validation_share", "test_share"):
            share = getattr(self, name)
            if not 0.0 <= share <= 0.5:
                raise ConfigError(
                    f"Expected a {name.replace('_', ' ')} between 0 and 0.5, found {share}.",
                    "Choose 0.1 or 0.2, for example.",
                )
        if not 0 <= self.seed < 2**32:
            raise ConfigError(f"Expected a seed between 0 and {2**32 - 1}, found {self.seed}.")


@dataclass(frozen=True)
class Splits:
    """Three disjoint sets of rows, each a frame with the columns row, text, label and unit.

    Rows with the same unit depend on one another: equal texts, near-duplicates, the same group. Splits of older runs have no
    units.
    """

    train: pd.DataFrame
    validation: pd.DataFrame
    test: pd.DataFrame
    task: Task

    def __iter__(self) -> Iterator[tuple[str, pd.DataFrame]]:
        return iter((name, getattr(self, name)) for name in SPLITS)

    def sizes(self) -> dict[str, int]:
        """The number of rows in each split."""
        return {name: len(frame) for name, frame in self}

    def fingerprint(self) -> str:
        """16 hex digits that identify the texts and labels of each split, regardless of their order."""
        digest = hashlib.sha256()
        for name, frame in self:
            digest.update(name.encode())
            digest.update(fingerprint(frame).encode())
        return digest.hexdigest()[:16]

    def save(self, folder: Path) -> None:
        """Write train.parquet, validation.parquet and test.parquet into a folder."""
        for name, frame in self:
            write_atomically(folder / f"{name}.parquet", lambda path, frame=frame: frame.to_parquet(path, index=False))  # type: ignore[misc]

    @classmethod
    def load(cls, folder: Path, task: Task) -> "Splits":
        """The splits that :meth:`save` wrote."""
        frames = {name: load_split(folder, name, task) for name in SPLITS}
        return cls(frames["train"], frames["validation"], frames["test"], task)


def fingerprint(frame: pd.DataFrame) -> str:
    """16 hex digits that identify the texts and labels of a frame, regardless of their order."""
    pairs = np.stack([hash_cells(frame["text"]), hash_cells(frame["label"])], axis=1)
    return hashlib.sha256(pairs[np.lexsort(pairs.T)].tobytes()).hexdigest()[:16]


def load_split(folder: Path, name: str, task: Task) -> pd.DataFrame:
    """The rows of one split that :meth:`Splits.save` wrote.

    Raises:
        StorageError: the file is missing or damaged.
    """
    path = folder / f"{name}.parquet"
    frame = read_parquet(path, ("row", "text", "label"))
    if any(name in frame and not is_integer_dtype(frame[name]) for name in ("row", UNIT)):
        raise damaged(path, "expected whole numbers in the columns 'row' and 'unit'")
    if not frame["text"].map(lambda text: isinstance(text, str)).all():
        raise damaged(path, "expected text in the column 'text'")
    try:
        if task.kind == "multilabel":
            frame["label"] = [list(names) for names in frame["label"]]
        task.encode(frame["label"].tolist())
    except (DataError, TypeError, ValueError) as error:
        raise damaged(path, "its labels are not those of the task") from error
    return frame


def split(labeled: LabeledTexts, split_config: SplitConfig) -> Splits:
    """The split of labeled texts. Rows that the file assigns to a split stay there; a missing split is taken from its train rows.

    Raises:
        DataError: no row is left for training or validation, or a time cannot be parsed.
    """
    return _make_splits(labeled, split_config, ["row", "text", "label", UNIT])


def split_labels(labeled: LabeledTexts, split_config: SplitConfig) -> Splits:
    """The same split with only the column label: enough to show the sizes, without copying the texts.

    Raises:
        DataError: as for :func:`split`.
    """
    return _make_splits(labeled, split_config, ["label"])


def missing_classes(splits: Splits) -> dict[str, list[str]]:
    """The labels that a split lacks although another split has them, by split. They cannot be learned, or cannot be measured."""
    if splits.task.kind == "regression":
        return {}
    present = {name: label_counts(frame["label"]) for name, frame in splits if len(frame)}
    return {
        name: missing
        for name, counts in present.items()
        if (missing := [label for label in splits.task.labels if not counts[label]])
    }


def class_counts(splits: Splits) -> pd.DataFrame:
    """The rows of each label in each split: a frame with the columns label, train, validation, test (empty for regression)."""
    counts = {name: label_counts(frame["label"]) for name, frame in splits}
    return pd.DataFrame(
        [{"label": label} | {name: counts[name][label] for name in SPLITS} for label in splits.task.labels]
    )


def split_groups(frame: pd.DataFrame, group_near_duplicates: bool = True) -> Ints:
    """A number for each row (rows,), the same for rows that must stay in one split: equal texts, near-duplicates, equal group."""
    text_group = near_duplicates.group_ids(frame["text"], group_near_duplicates)
    grouped = np.flatnonzero((frame["group"] != "").to_numpy(dtype=bool))
    if not len(grouped):
        return text_group
    group = category_codes(frame["group"].iloc[grouped])
    first = grouped[np.unique(group, return_index=True)[1]][group]
    links = np.stack([text_group[grouped], text_group[first]], axis=1)
    return near_duplicates.connected_components(int(text_group.max()) + 1, links)[text_group]


def _make_splits(labeled: LabeledTexts, split_config: SplitConfig, columns: list[str]) -> Splits:
    free = labeled.frame["file_split"].isin(("", "train")).to_numpy(dtype=bool)
    groups = _group_rows(labeled.frame if free.all() else filter_rows(labeled.frame, free), split_config)
    assigned = _assign_splits(labeled, split_config, free, groups)
    frame = labeled.frame
    if UNIT in columns:
        frame = frame.assign(**{UNIT: _number_units(frame, split_config, free, groups)})
    frames = {name: filter_rows(frame[columns], assigned == name) for name in SPLITS}
    for name in ("train", "validation"):
        if frames[name].empty:
            raise DataError(
                f"No rows are left for {name}: there are only {pluralize(len(labeled), 'labeled row')}.",
                "Add rows, or choose other shares.",
            )
    return Splits(frames["train"], frames["validation"], frames["test"], labeled.task)


def _number_units(frame: pd.DataFrame, split_config: SplitConfig, free: npt.NDArray[np.bool_], groups: Groups) -> Ints:
    """The unit of each row, (rows,): its group; the rows that the file assigns are grouped among themselves."""
    units = np.zeros(len(frame), dtype=np.int64)
    units[free] = groups.ids
    if not free.all():
        assigned = split_groups(filter_rows(frame, ~free), split_config.group_near_duplicates)
        units[~free] = assigned + len(groups.sizes)
    return units


def _assign_splits(
    labeled: LabeledTexts, split_config: SplitConfig, free: npt.NDArray[np.bool_], groups: Groups
) -> npt.NDArray[Any]:
    """The name of the split of each row, shape (rows,); ``free`` are the rows that the split may move, with their groups."""
    file_split = labeled.frame["file_split"]
    has_validation, has_test = (bool((file_split == name).any()) for name in ("validation", "test"))
    shares = Shares(
        0.0 if has_validation else split_config.validation_share, 0.0 if has_test else split_config.test_share
    )
    frame = labeled.frame if free.all() else filter_rows(labeled.frame, free)
    if split_config.by_time:
        splits = _split_by_time(frame, groups, shares)
    elif labeled.task.kind == "multilabel":
        splits = split_iteratively(labeled.task.encode(frame["label"].tolist()).astype(bool), groups, shares)
    else:
        splits = split_strata(_strata(frame, labeled.task), groups, shares)
    assigned = file_split.to_numpy(dtype=object, copy=True)
    assigned[free] = splits[groups.ids]
    return assigned


def _group_rows(frame: pd.DataFrame, split_config: SplitConfig) -> Groups:
    """The groups of a frame's rows. The hash of a group is the smallest hash of its texts."""
    ids = split_groups(frame, split_config.group_near_duplicates)
    sizes = np.bincount(ids)
    hashes = np.full(len(sizes), np.iinfo(np.uint64).max, dtype=np.uint64)
    row_hashes = (_hash_text(split_config.seed, text) for text in frame["text"])
    np.minimum.at(hashes, ids, np.fromiter(row_hashes, dtype=np.uint64, count=len(frame)))
    return Groups(ids, sizes, hashes)


def _split_by_time(frame: pd.DataFrame, groups: Groups, shares: Shares) -> npt.NDArray[Any]:
    """The split of each group: the groups with the latest rows go to test."""
    latest = pd.Series(_parse_times(frame["time"])).groupby(groups.ids).max().to_numpy()
    return split_in_order(np.lexsort((groups.hashes, -latest)), groups.sizes, shares)


def _strata(frame: pd.DataFrame, task: Task) -> Ints:
    """The stratum of each row: its class, or the tenth of the score range that its score is in."""
    if task.kind == "regression":
        ranks = frame["label"].rank(method="first" if frame["label"].is_unique else "average", pct=True)
        return np.asarray((ranks * _SCORE_STRATA).clip(upper=_SCORE_STRATA - 1), dtype=np.int64)
    codes, names = pd.factorize(frame["label"])
    return np.asarray([task.labels.index(name) for name in names], dtype=np.int64)[codes]


def _parse_times(cells: pd.Series) -> npt.NDArray[np.float64]:
    """The times as increasing numbers, shape (rows,)."""
    cells = cells.str.strip()
    if (cells == "").all():
        raise DataError("A split by time needs a time column.", "Choose the time column under the text and the label.")
    numbers = pd.to_numeric(cells, errors="coerce")
    if numbers.notna().all():
        return numbers.to_numpy(dtype=np.float64)
    times = pd.to_datetime(cells, errors="coerce", utc=True, format="mixed")
    if times.isna().any():
        raise DataError(
            f"Expected a date or time in the time column, found {cells[times.isna()].iloc[0]!r}.",
            "Choose another time column, or split at random.",
        )
    return np.asarray(times.astype("int64"), dtype=np.float64)


def _hash_text(seed: int, text: str) -> int:
    return int.from_bytes(hashlib.blake2b(f"{seed}\0{text}".encode(), digest_size=16).digest()[:8], "big")
