"""Checks for label leakage: another column or a single word that determines the label."""

from collections.abc import Iterator

import numpy as np
import pandas as pd
from sklearn.feature_extraction.text import CountVectorizer

from core.data.checks.findings import Finding, sample_rows
from core.data.columns import ColumnChoice, LabeledTexts
from core.data.table import Table

_SAMPLED_ROWS = 20_000
_MIN_CLASS_ROWS = 20
# A word leaks the label if it is in at least this share of the texts of a class and in at most that share of the others.
_MIN_SHARE_IN_CLASS, _MAX_SHARE_IN_OTHERS = 0.95, 0.01


def check_leakage(table: Table, choice: ColumnChoice, labeled: LabeledTexts) -> Iterator[Finding]:
    """Findings about label leakage in single-label tasks. Large data is sampled, which the message states."""
    if not labeled.task.one_label:
        return
    sample, note = sample_rows(labeled.frame, _SAMPLED_ROWS)
    is_sampled = np.isin(np.arange(len(table)), sample["row"])
    for column in table.frame.columns:
        if column in choice.used_columns:
            continue
        cells = pd.Series(table.frame[column].array[is_sampled])
        if not 2 <= cells.nunique() <= len(cells) / 3:
            continue
        if (sample["label"].groupby(cells).nunique() == 1).all():
            yield Finding(
                "label_leakage",
                "note",
                f"The column “{column}” alone determines the label of every row{note}. "
                "The model does not read this column, but check that the texts do not contain its values.",
            )
    yield from _leaking_words(sample, note)


def _leaking_words(sample: pd.DataFrame, note: str) -> Iterator[Finding]:
    """A finding for each class with a word that is in nearly all of its texts and in hardly any other."""
    counts = sample["label"].value_counts()
    classes = [name for name in counts.index if _MIN_CLASS_ROWS <= counts[name] <= len(sample) - _MIN_CLASS_ROWS]
    if not classes:
        return
    vectorizer = CountVectorizer(binary=True, min_df=_MIN_CLASS_ROWS // 2, token_pattern=r"\b\w\w+\b")
    try:
        occurrences = vectorizer.fit_transform(sample["text"]).tocsc()
    except ValueError:  # no word is frequent enough
        return
    words = vectorizer.get_feature_names_out()
    total = np.asarray(occurrences.sum(axis=0)).ravel()
    for name in classes:
        in_class = (sample["label"] == name).to_numpy(dtype=bool)
        count = np.asarray(occurrences[in_class].sum(axis=0)).ravel()
        share_in_others = (total - count) / max(1, len(sample) - in_class.sum())
        leaking = (count >= _MIN_SHARE_IN_CLASS * in_class.sum()) & (share_in_others <= _MAX_SHARE_IN_OTHERS)
        if leaking.any():
            yield Finding(
                "label_leakage",
                "warning",
                f"The word “{words[np.flatnonzero(leaking)[0]]}” is in nearly all texts of {name} and in hardly any other"
                f"{note}. If it was added when the texts were labeled, the model will learn only this word.",
                sample["row"].to_numpy()[in_class],
            )
