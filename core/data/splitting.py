"""Labelled texts -> train, validation and test rows: stratified, the same for any row order, duplicates kept together.

Rows that must not be torn apart (the same text, nearly the same text, the same group) are one unit. Units are put in the order
of a hash of seed and text. Within each stratum (a class, a tenth of the range of a score) the first go to test, the next to
validation, the rest to training; rows with several labels are dealt out label by label, the rarest first (iterative
stratification, Sechidis et al. 2011). A split by time takes the latest rows for test and those before them for validation.
"""

import hashlib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from core.data import near_duplicates
from core.data.columns import SPLITS, LabeledTexts, label_counts
from core.data.table import codes, filter_rows, hashes
from core.errors import ConfigError, DataError
from core.task import Task
from core.workspace import write_atomically

_SCORE_STRATA = 10


@dataclass(frozen=True)
class SplitConfig:
    """Shares of the rows for validation and test (fractions of all rows) and what settles which: a seed, or the time column.

    ``group_near_duplicates`` keeps nearly identical texts in one split (among at most ``MAX_COMPARED_PAIRS`` rows).
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
                    f"Expected a {name.replace('_', ' ')} between 0 and 0.5, found {share}.", "Choose 0.1 or 0.2."
                )
        if not 0 <= self.seed < 2**32:
            raise ConfigError(f"Expected a seed between 0 and {2**32 - 1}, found {self.seed}.")


@dataclass(frozen=True)
class Splits:
    """Three disjoint sets of rows, each a frame with the columns row, text and label."""

    train: pd.DataFrame
    validation: pd.DataFrame
    test: pd.DataFrame
    task: Task

    def __iter__(self) -> Iterator[tuple[str, pd.DataFrame]]:
        return iter((name, getattr(self, name)) for name in SPLITS)

    def sizes(self) -> dict[str, int]:
        """Rows in each split."""
        return {name: len(frame) for name, frame in self}

    def fingerprint(self) -> str:
        """16 hex digits that name the texts and labels of each split, whatever their order."""
        digest = hashlib.sha256()
        for name, frame in self:
            digest.update(name.encode())
            digest.update(fingerprint(frame).encode())
        return digest.hexdigest()[:16]

    def save(self, folder: Path) -> None:
        """Write train.parquet, validation.parquet and test.parquet."""
        for name, frame in self:
            write_atomically(folder / f"{name}.parquet", lambda path, frame=frame: frame.to_parquet(path, index=False))  # type: ignore[misc]

    @classmethod
    def load(cls, folder: Path, task: Task) -> "Splits":
        """Read what :meth:`save` wrote."""
        frames = {name: load_split(folder, name, task) for name in SPLITS}
        return cls(frames["train"], frames["validation"], frames["test"], task)


def fingerprint(frame: pd.DataFrame) -> str:
    """16 hex digits that name the texts and labels of a frame, whatever their order."""
    pairs = np.stack([hashes(frame["text"]), hashes(frame["label"])], axis=1)
    return hashlib.sha256(pairs[np.lexsort(pairs.T)].tobytes()).hexdigest()[:16]


def load_split(folder: Path, name: str, task: Task) -> pd.DataFrame:
    """One of the frames that :meth:`Splits.save` wrote."""
    frame = pd.read_parquet(folder / f"{name}.parquet")
    if task.kind == "multilabel":
        frame["label"] = [list(names) for names in frame["label"]]
    return frame


def split(labeled: LabeledTexts, split_config: SplitConfig) -> Splits:
    """Split as the plan says; rows whose split the file names keep it, and what is missing is taken from its train rows.

    Raises:
        DataError: no row is left for training or validation, or a time cannot be read.
    """
    return _parts(labeled, split_config, ["row", "text", "label"])


def split_labels(labeled: LabeledTexts, split_config: SplitConfig) -> Splits:
    """The same split with the column label alone: enough to show its sizes, without a copy of all texts.

    Raises:
        DataError: as :func:`split`.
    """
    return _parts(labeled, split_config, ["label"])


def _parts(labeled: LabeledTexts, split_config: SplitConfig, columns: list[str]) -> Splits:
    places = _places(labeled, split_config)
    parts = {name: filter_rows(labeled.frame[columns], places == name) for name in SPLITS}
    for name in ("train", "validation"):
        if parts[name].empty:
            raise DataError(
                f"No row is left for {name}, of {len(labeled)} in all.", "Add rows, or choose other shares."
            )
    return Splits(parts["train"], parts["validation"], parts["test"], labeled.task)


def _places(labeled: LabeledTexts, split_config: SplitConfig) -> npt.NDArray[Any]:
    """The split of each row, (rows,)."""
    frame = labeled.frame
    given = frame["given"]
    has_validation, has_test = (bool((given == name).any()) for name in ("validation", "test"))
    free = ((given == "") | (given == "train")).to_numpy(dtype=bool)
    validation_share = 0.0 if has_validation else split_config.validation_share
    test_share = 0.0 if has_test else split_config.test_share
    places = given.to_numpy(dtype=object, copy=True)
    taken = frame if free.all() else filter_rows(frame, free)
    places[free] = _assign(taken, labeled.task, split_config, validation_share, test_share)
    return places


def missing_classes(splits: Splits) -> dict[str, list[str]]:
    """Labels that a split lacks although another split has them, by split; such a class cannot be learned or not be measured."""
    if splits.task.kind == "regression":
        return {}
    present = {name: label_counts(frame["label"]) for name, frame in splits if len(frame)}
    return {
        name: lacking
        for name, counts in present.items()
        if (lacking := [label for label in splits.task.labels if not counts[label]])
    }


def class_counts(splits: Splits) -> pd.DataFrame:
    """Rows of each label in each split: a frame with the columns label, train, validation, test (none for regression)."""
    counts = {name: label_counts(frame["label"]) for name, frame in splits}
    return pd.DataFrame(
        [{"label": label} | {name: counts[name][label] for name in SPLITS} for label in splits.task.labels]
    )


def split_groups(frame: pd.DataFrame, group_near_duplicates: bool = True) -> npt.NDArray[np.int64]:
    """A number for each row, the same for rows that must stay in one split: equal text, nearly equal text, equal group."""
    unit = near_duplicates.group_ids(frame["text"], group_near_duplicates)
    grouped = np.flatnonzero((frame["group"] != "").to_numpy(dtype=bool))
    if not len(grouped):
        return unit
    group = codes(frame["group"].iloc[grouped])
    first = grouped[np.unique(group, return_index=True)[1]][group]
    links = np.stack([unit[grouped], unit[first]], axis=1)
    return near_duplicates.connected_components(int(unit.max()) + 1, links)[unit]


def _assign(
    frame: pd.DataFrame, task: Task, split_config: SplitConfig, validation_share: float, test_share: float
) -> npt.NDArray[Any]:
    """The split of each row."""
    shares = {"test": test_share, "validation": validation_share}
    unit = split_groups(frame, split_config.group_near_duplicates)
    order = np.fromiter((_hash(split_config.seed, text) for text in frame["text"]), dtype=np.uint64, count=len(frame))
    # One row speaks for each unit: the first by hash, whatever the order of the rows.
    ranked = np.lexsort((order, unit))
    speakers = ranked[np.unique(unit[ranked], return_index=True)[1]]
    weight = np.bincount(unit)
    if split_config.by_time:
        latest = pd.Series(_times(frame)).groupby(unit).max().to_numpy()
        places = _in_order(np.lexsort((order[speakers], -latest)), weight, shares)
    elif task.kind == "multilabel":
        labels = task.encode(frame["label"].tolist()).astype(bool)
        held = np.zeros((len(speakers), labels.shape[1]), dtype=bool)
        np.logical_or.at(held, unit, labels)
        places = _deal_out(held, order[speakers], shares)
    else:
        stratum = _strata(frame, task)
        # The smallest label speaks for a text that stands there with several.
        stratum = pd.Series(stratum).groupby(unit).min().to_numpy()
        places = np.full(len(speakers), "train", dtype=object)
        for name in np.unique(stratum):
            members = np.flatnonzero(stratum == name)
            members = members[np.argsort(order[speakers][members], kind="stable")]
            places[members] = _in_order(np.arange(len(members)), weight[members], shares)
    return np.asarray(places[unit], dtype=object)


def _in_order(
    ordered: npt.NDArray[np.int64], weight: npt.NDArray[np.int64], shares: dict[str, float]
) -> npt.NDArray[Any]:
    """Units in an order: the first for test, the next for validation, by their rows; at least one of each where possible."""
    test, validation = _sizes(int(weight.sum()), len(weight), shares["test"], shares["validation"])
    before = np.cumsum(weight[ordered]) - weight[ordered]
    places = np.full(len(ordered), "train", dtype=object)
    places[ordered[before < test + validation]] = "validation"
    places[ordered[before < test]] = "test"
    # Units that are large beside their stratum may overrun what was meant for the next split.
    if len(ordered) > 1 and not (places == "train").any():
        places[ordered[-1]] = "train"
    if validation and len(ordered) >= 3 and not (places == "validation").any():
        places[ordered[-2]] = "validation"
    return places


def _deal_out(held: npt.NDArray[np.bool_], order: npt.NDArray[np.uint64], shares: dict[str, float]) -> npt.NDArray[Any]:
    """Iterative stratification of units by the labels they hold (units, labels), the rarest label first."""
    names = ["train", "validation", "test"]
    portion = np.asarray([1 - sum(shares.values()), shares["validation"], shares["test"]])
    wanted = portion[:, None] * held.sum(axis=0)
    room = portion * len(held)
    places = np.full(len(held), "", dtype=object)
    by_hash = np.argsort(order, kind="stable")
    left = held.sum(axis=0).astype(float)
    while left.any():
        label = int(np.argmin(np.where(left > 0, left, np.inf)))
        for row in by_hash[held[by_hash, label] & (places[by_hash] == "")]:
            split = max(range(3), key=lambda s: (wanted[s, label], room[s], portion[s]))
            places[row] = names[split]
            wanted[split, held[row]] -= 1
            room[split] -= 1
            left[held[row]] -= 1
        left[label] = 0
    for row in by_hash[places[by_hash] == ""]:  # those without any label
        split = int(np.argmax(room))
        places[row] = names[split]
        room[split] -= 1
    return places


def _sizes(rows: int, count: int, test_share: float, validation_share: float) -> tuple[int, int]:
    """Rows of a stratum for test and validation: the share, at least one of each where three units allow it."""
    test = round(rows * test_share)
    validation = round(rows * validation_share)
    if count >= 3:
        return max(test, int(test_share > 0)), max(validation, int(validation_share > 0))
    return (int(test_share > 0), 0) if count == 2 else (0, 0)


def _strata(frame: pd.DataFrame, task: Task) -> npt.NDArray[Any]:
    if task.kind == "regression":
        ranks = frame["label"].rank(method="first" if frame["label"].is_unique else "average", pct=True)
        return (ranks * _SCORE_STRATA).clip(upper=_SCORE_STRATA - 1).astype(int).to_numpy()
    number, names = pd.factorize(frame["label"])
    return np.asarray([task.labels.index(name) for name in names])[number]


def _times(frame: pd.DataFrame) -> npt.NDArray[np.float64]:
    """The time of each row, as a number that grows."""
    cells = frame["time"].str.strip()
    if (cells == "").all():
        raise DataError(
            "A split by time needs a column with the time of each row.", "Choose it beside the text and the label."
        )
    as_numbers = pd.to_numeric(cells, errors="coerce")
    if as_numbers.notna().all():
        return as_numbers.to_numpy(dtype=np.float64)
    times = pd.to_datetime(cells, errors="coerce", utc=True, format="mixed")
    if times.isna().any():
        raise DataError(
            f"{cells[times.isna()].iloc[0]!r} is no date or time.", "Choose another time column, or split at random."
        )
    return np.asarray(times.astype("int64"), dtype=np.float64)


def _hash(seed: int, text: str) -> int:
    return int.from_bytes(hashlib.blake2b(f"{seed}\0{text}".encode(), digest_size=16).digest()[:8], "big")
