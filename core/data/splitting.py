"""Labelled texts -> train, validation and test rows: stratified, the same for any row order, duplicates kept together.

Within each stratum (a class; the rarest label of a multi-label row; a tenth of the range of a score) the texts are put in
the order of a hash of seed and text, and the first go to test, the next to validation, the rest to training. A text that
occurs several times is one unit, so it can never be trained on and tested on.
"""

import hashlib
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import cast

import pandas as pd

from core.data.columns import SPLITS, LabelledTexts
from core.errors import ConfigError, DataError
from core.task import Task
from core.workspace import write_atomically

_SCORE_STRATA = 10


@dataclass(frozen=True)
class SplitPlan:
    """Shares of the rows for validation and test (fractions of all rows) and the seed that settles which."""

    validation_share: float = 0.1
    test_share: float = 0.2
    seed: int = 42

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
            for line in sorted(f"{text}\0{label}" for text, label in zip(frame["text"], frame["label"], strict=True)):
                digest.update(line.encode())
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


def load_split(folder: Path, name: str, task: Task) -> pd.DataFrame:
    """One of the frames that :meth:`Splits.save` wrote."""
    frame = pd.read_parquet(folder / f"{name}.parquet")
    if task.kind == "multilabel":
        frame["label"] = [list(names) for names in frame["label"]]
    return frame


def split(labelled: LabelledTexts, plan: SplitPlan) -> Splits:
    """Split as the plan says; rows whose split the file names keep it, and what is missing is taken from its train rows.

    Raises:
        DataError: no row is left for training.
    """
    frame = labelled.frame
    chosen = frame["given"].replace("", "train").to_numpy(dtype=object, copy=True)
    has_validation, has_test = (bool((chosen == name).any()) for name in ("validation", "test"))
    free = chosen == "train"
    places = _assign(
        frame[free],
        labelled.task,
        validation_share=0.0 if has_validation else plan.validation_share,
        test_share=0.0 if has_test else plan.test_share,
        seed=plan.seed,
    )
    chosen[free] = frame.loc[free, "text"].map(places)
    parts = {name: frame.loc[chosen == name, ["row", "text", "label"]].reset_index(drop=True) for name in SPLITS}
    for name in ("train", "validation"):
        if parts[name].empty:
            raise DataError(f"No row is left for {name}, of {len(frame)} in all.", "Add rows, or choose other shares.")
    return Splits(parts["train"], parts["validation"], parts["test"], labelled.task)


def thin_classes(splits: Splits) -> dict[str, list[str]]:
    """Labels that a split lacks although another split has them, by split; such a class cannot be learned or not be measured."""
    if splits.task.kind == "regression":
        return {}
    present = {name: _label_counts(frame, splits.task) for name, frame in splits if len(frame)}
    return {
        name: lacking
        for name, counts in present.items()
        if (lacking := [label for label in splits.task.labels if not counts[label]])
    }


def class_counts(splits: Splits) -> pd.DataFrame:
    """Rows of each label in each split: a frame with the columns label, train, validation, test (none for regression)."""
    counts = {name: _label_counts(frame, splits.task) for name, frame in splits}
    return pd.DataFrame(
        [{"label": label} | {name: counts[name][label] for name in SPLITS} for label in splits.task.labels]
    )


def _label_counts(frame: pd.DataFrame, task: Task) -> Counter[str]:
    if task.kind == "multilabel":
        return Counter(name for names in frame["label"] for name in names)
    return Counter(frame["label"])


def _assign(frame: pd.DataFrame, task: Task, validation_share: float, test_share: float, seed: int) -> dict[str, str]:
    """The split of each distinct text."""
    # The smallest label speaks for a text that stands there with several: row order must not decide.
    units = (
        pd.DataFrame({"text": frame["text"], "stratum": _strata(frame, task)})
        .groupby("text", sort=False)["stratum"]
        .min()
        .reset_index()
    )
    units["order"] = [_hash(seed, text) for text in units["text"]]
    places: dict[str, str] = {}
    for _, stratum in units.sort_values("order").groupby("stratum", sort=True):
        texts = cast(list[str], stratum["text"].tolist())
        test, validation = _sizes(len(texts), test_share, validation_share)
        for position, text in enumerate(texts):
            places[text] = "test" if position < test else "validation" if position < test + validation else "train"
    return places


def _sizes(units: int, test_share: float, validation_share: float) -> tuple[int, int]:
    """Units of a stratum for test and validation: the share, at least one of each where three units allow it."""
    test = round(units * test_share)
    validation = round(units * validation_share)
    if units >= 3:
        test = max(test, int(test_share > 0))
        validation = max(validation, int(validation_share > 0))
    elif units == 2:
        test, validation = int(test_share > 0), 0
    else:
        test, validation = 0, 0
    return test, validation


def _strata(frame: pd.DataFrame, task: Task) -> pd.Series:
    if task.kind == "regression":
        ranks = frame["label"].rank(method="first" if frame["label"].is_unique else "average", pct=True)
        return (ranks * _SCORE_STRATA).clip(upper=_SCORE_STRATA - 1).astype(int).astype(str)
    if task.kind == "multilabel":
        counts = _label_counts(frame, task)
        return frame["label"].map(lambda names: min(names, key=lambda name: (counts[name], name), default=""))
    return frame["label"].astype(str)


def _hash(seed: int, text: str) -> bytes:
    return hashlib.blake2b(f"{seed}\0{text}".encode(), digest_size=16).digest()
