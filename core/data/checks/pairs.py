"""Recognize tables of text pairs, such as premise and hypothesis: one label belongs to two texts, of which one would be read."""

import re
from itertools import pairwise

import numpy as np
import pandas as pd

from core.data.columns import ColumnChoice
from core.data.guessing import sample_columns
from core.data.table import Table

_NAMED_PAIRS = (
    ("premise", "hypothesis"), ("query", "passage"), ("query", "document"), ("claim", "evidence"), ("question", "sentence"),
    ("question", "passage"), ("question", "context"),
    ("source", "target"), ("sentence", "paraphrase"), ("anchor", "positive"), ("reference", "candidate"),
)  # fmt: skip
_NUMBERED = re.compile(r"(.*?)[ _.-]?(?:1|2|a|b)|#[12] (.+)", re.IGNORECASE)
_MIN_WORDS = 3
_MIN_LENGTH_RATIO = 0.4
_MIN_OVERLAP, _MIN_OVERLAP_GAIN = 0.2, 2.0
# Texts that share nearly all words are two forms of one text, such as a cleaned one.
_MAX_OVERLAP = 0.9
_MAX_COMPARED = 1_000
_MIN_TEXT_ROWS = 0.1


def find_pair(table: Table, choice: ColumnChoice) -> tuple[str, str] | None:
    """The two columns that hold the texts of a pair, in the order of the table; None if each row has one text.

    The columns have names of a pair, or texts of similar length that share many more words with the text beside them than with
    the text of another row.
    """
    columns = {
        name: cells
        for name, cells in sample_columns(table).items()
        if name not in choice.used_columns[1:] and _is_prose(cells)
    }
    if choice.text not in columns:
        return None
    for other in columns:
        if other == choice.text:
            continue
        first, second = sorted((choice.text, other), key=list(columns).index)
        if _are_pair_names(first, second) or _are_alike(columns[first], columns[second]):
            return first, second
    return None


def _is_prose(cells: pd.Series) -> bool:
    return bool(cells.str.count(" ").mean() >= _MIN_WORDS - 1) and cells.nunique() >= _MIN_TEXT_ROWS * len(cells)


def _are_pair_names(first: str, second: str) -> bool:
    names = first.strip().lower(), second.strip().lower()
    if names in _NAMED_PAIRS or names[::-1] in _NAMED_PAIRS:
        return True
    stems = [match[1] or match[2] or "" for name in names if (match := _NUMBERED.fullmatch(name))]
    return len(stems) == 2 and stems[0] == stems[1] and stems[0] not in ("", "column", "col", "v", "field")


def _are_alike(first: pd.Series, second: pd.Series) -> bool:
    lengths = sorted((float(first.str.len().mean()), float(second.str.len().mean())))
    if lengths[0] < _MIN_LENGTH_RATIO * lengths[1] or bool((first == second).mean() > 0.5):
        return False
    left, right = (
        [set(re.findall(r"\w{4,}", text.lower())) for text in cells.head(_MAX_COMPARED)] for cells in (first, second)
    )
    beside = float(np.mean([_overlap(a, b) for a, b in zip(left, right, strict=True)]))
    elsewhere = float(np.mean([_overlap(a, b) for a, (_, b) in zip(left, pairwise(right), strict=False)] or [0.0]))
    return _MIN_OVERLAP <= beside <= _MAX_OVERLAP and beside >= _MIN_OVERLAP_GAIN * elsewhere


def _overlap(first: set[str], second: set[str]) -> float:
    """The Jaccard similarity of two sets of words."""
    return len(first & second) / max(1, len(first | second))
