"""Guess the kind of task from the cells of a label column, with a confidence and the next most likely kind."""

import re
from dataclasses import dataclass

import numpy as np
import pandas as pd

from core.data.labels import LabelForm, guess_label_form, has_decimal_commas, parse_numbers
from core.task import TaskKind

SCORE_NAMES = re.compile(
    r"score|rating|stars?\b|grade|points|rank|level|likert|intensity|similarity|price", re.IGNORECASE
)
CLASS_NAMES = re.compile(r"label|categor|class|target|intent|topic|sentiment|tag|type", re.IGNORECASE)
ID_NAMES = re.compile(
    r"(?:.*[_\W])?(?:id|ids|uuid|guid|idx|index|nr|no|num|number|row|key)|.*[a-z]I[Dd]|unnamed.*", re.IGNORECASE
)
# A column with more distinct numbers than this holds scores, not class ids, unless its numbers are consecutive and recur.
_MAX_CLASS_IDS = 30
_MIN_RECURRENCE = 5
_MAX_STARS = 11
_MAX_STEPS = 11
_MAX_CLASS_SHARE = 0.5
SURE, DOUBTFUL, UNSURE = 0.95, 0.6, 0.4


@dataclass(frozen=True)
class TaskGuess:
    """The kind of task and how labels are written, the confidence from 0 to 1, and what speaks for ``other``, if anything."""

    kind: TaskKind
    form: LabelForm = "plain"
    confidence: float = SURE
    other: TaskKind | None = None
    reason: str = ""


def guess_task(cells: pd.Series, name: str = "") -> TaskGuess:
    """The guess from all cells of a label column; files can be sorted by label, so a part of them would mislead."""
    counts = cells.str.strip().value_counts()
    counts = counts[counts.index != ""]
    distinct = pd.Series(counts.index, dtype="str")
    numbers = parse_numbers(distinct)
    if len(distinct) and not np.isnan(numbers).any() and has_decimal_commas(distinct):
        return _guess_numbers(numbers, int(counts.sum()), name)
    if (form := guess_label_form(distinct)) != "plain":
        return TaskGuess("multilabel", form)
    if len(distinct) > 2 and len(distinct) > _MAX_CLASS_SHARE * counts.sum():
        reason = f"{len(distinct):,} different labels in {int(counts.sum()):,} rows are hardly classes"
        return TaskGuess("multiclass", confidence=UNSURE, reason=reason)
    return TaskGuess("binary" if len(distinct) == 2 else "multiclass")


def _guess_numbers(numbers: np.ndarray, rows: int, name: str) -> TaskGuess:
    distinct, low, high = len(numbers), numbers.min(), numbers.max()
    is_whole = bool((numbers % 1 == 0).all())
    steps = f"{distinct} different numbers from {low:g} to {high:g}"
    if not is_whole:
        if distinct <= _MAX_STEPS and distinct < rows / 5 and bool((numbers * 2 % 1 == 0).all()):
            return TaskGuess(
                "regression", "plain", DOUBTFUL, "multiclass", f"{steps} can be a score or ordered classes"
            )
        return TaskGuess("regression")
    is_consecutive = bool(high - low + 1 == distinct) and low in (0, 1)
    if distinct > _MAX_CLASS_IDS:
        if ID_NAMES.fullmatch(name) or (
            is_consecutive and rows >= _MIN_RECURRENCE * distinct and not SCORE_NAMES.search(name)
        ):
            return TaskGuess("multiclass", "plain", DOUBTFUL, "regression", f"{steps} can be class ids or scores")
        return TaskGuess(
            "regression",
            "plain",
            SURE if SCORE_NAMES.search(name) else DOUBTFUL,
            "multiclass",
            f"{steps} can be scores or class ids",
        )
    kind: TaskKind = "binary" if distinct == 2 else "multiclass"
    is_star = 3 <= distinct <= _MAX_STARS and low >= 0 and high <= 10
    if is_star and (SCORE_NAMES.search(name) or (low == 1 and high in (5, 10) and not CLASS_NAMES.search(name))):
        return TaskGuess(kind, "plain", DOUBTFUL, "regression", f"{steps} can be ordered classes or a score")
    return TaskGuess(kind)
