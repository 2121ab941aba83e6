"""Read a column that assigns rows to splits: names of splits, or a flag such as "is_train"."""

import re
from pathlib import PurePosixPath

import pandas as pd

from core.data.table import SPLIT_ALIASES, STRING_DTYPE

_NAMES = re.compile(r"split|fold|subset|partition|^set$|(?:^|[_ ])set$|^ds$|^usage$", re.IGNORECASE)
_TRAIN_FLAG = re.compile(r"(?:is|in|for)?[_ ]?(?:train|training)(?:[_ ]?(?:set|flag|row))?", re.IGNORECASE)
_TEST_FLAG = re.compile(r"(?:is|in|for)?[_ ]?(?:test|testing|holdout|eval)(?:[_ ]?(?:set|flag|row))?", re.IGNORECASE)
_TRUE, _FALSE = {"1", "1.0", "true", "yes", "t", "y"}, {"0", "0.0", "false", "no", "f", "n"}
_SPLIT_IN_NAME = re.compile(r"(?:^|[^a-z])(train|training|valid|validation|val|dev|test|testing)(?:[^a-z]|$)")
_SUFFIX = r"[_ -]?(?:set|split|data|rows?)$"


def split_in_name(name: str) -> str | None:
    """The split in a file name such as "my_train.csv"; None if there is none."""
    match = _SPLIT_IN_NAME.search(PurePosixPath(name).name.lower())
    return SPLIT_ALIASES[match.group(1)] if match else None


def read_splits(name: str, cells: pd.Series) -> pd.Series:
    """The split of each row: "train", "validation", "test", or a missing value where a cell names none.

    In a column whose name says that it is a flag for training or testing, yes and no stand for train and test.
    """
    cells = cells.str.strip().str.lower()
    if set(cells.unique()) <= _TRUE | _FALSE and (is_flag_name(name)):
        yes, no = ("train", "test") if _TRAIN_FLAG.fullmatch(name.strip()) else ("test", "train")
        return cells.map(dict.fromkeys(_TRUE, yes) | dict.fromkeys(_FALSE, no)).astype(STRING_DTYPE)
    return cells.map({cell: SPLIT_ALIASES.get(re.sub(_SUFFIX, "", cell)) for cell in cells.unique()}).astype(
        STRING_DTYPE
    )


def holds_splits(column: pd.Series, sample: pd.Series) -> bool:
    """Whether a column assigns splits. The sample is checked first, because it rules out nearly every column."""
    name = str(column.name)
    if read_splits(name, sample).isna().any():
        return False
    splits = read_splits(name, column)
    if splits.isna().any() or splits.nunique() < 2:
        return False
    return bool(_NAMES.search(name)) or is_flag_name(name) or "train" in set(splits)


def is_flag_name(name: str) -> bool:
    """Whether a column's name says that it is a flag for training or testing."""
    return bool(_TRAIN_FLAG.fullmatch(name.strip()) or _TEST_FLAG.fullmatch(name.strip()))
