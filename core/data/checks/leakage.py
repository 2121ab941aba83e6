"""Checks for label leakage: another column or a single word that determines the label."""

from collections.abc import Iterator

import numpy as np
import pandas as pd
from sklearn.feature_extraction.text import CountVectorizer

from core.data.checks.findings import Finding, Rows, sample_rows
from core.data.columns import ColumnChoice, LabeledTexts
from core.data.table import Table
from core.formatting import join_names

_SAMPLED_ROWS = 20_000
_MIN_CLASS_ROWS = 20
# A word leaks the label if it is in at least this share of the texts of a class and in at most that share of the others.
_MAX_SHOWN = 5
_MIN_SHARE_IN_CLASS, _MAX_SHARE_IN_OTHERS = 0.95, 0.01


def check_leakage(table: Table, choice: ColumnChoice, labeled: LabeledTexts) -> Iterator[Finding]:
    """At most one finding about words and one about columns that determine the label, in single-label tasks.

    Large data is sampled, which the message states.
    """
    if not labeled.task.one_label:
        return
    sample, note = sample_rows(labeled.frame, _SAMPLED_ROWS)
    is_sampled = np.isin(np.arange(len(table)), sample["row"])
    columns = [
        str(name)
        for name in table.frame.columns
        if name not in choice.used_columns
        and _determines(pd.Series(table.frame[name].array[is_sampled]), sample["label"])
    ]
    if columns:
        alone = "this column alone determines" if len(columns) == 1 else "each of these columns alone determines"
        yield Finding(
            "label_leakage",
            "note",
            f"In all rows{note}, {alone} the label: {join_names([f'“{name}”' for name in columns], _MAX_SHOWN)}. "
            "The model does not read it, but check that the texts do not contain its values.",
        )
    words = list(_leaking_words(sample))
    if words:
        named = join_names([f"“{word}” ({name})" for word, name, _ in words], _MAX_SHOWN)
        yield Finding(
            "label_leakage",
            "warning",
            f"Words that give the label away{note}, each in nearly all texts of its class and in hardly any other: {named}. "
            "If they were added when the texts were labeled, the model will learn only these words.",
            np.sort(np.concatenate([rows for _, _, rows in words])),
        )


def _determines(cells: pd.Series, labels: pd.Series) -> bool:
    """Whether a column with recurring values determines the label and is not just another name for it."""
    distinct = cells.nunique()
    if not 2 <= distinct <= len(cells) / 3 or not (labels.groupby(cells.to_numpy()).nunique() == 1).all():
        return False
    return bool(distinct != labels.nunique() or (cells.groupby(labels.to_numpy()).nunique() > 1).any())


def _leaking_words(sample: pd.DataFrame) -> Iterator[tuple[str, str, Rows]]:
    """For each class with a word that is in nearly all of its texts and in hardly any other: the word, the class, its rows."""
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
            yield str(words[np.flatnonzero(leaking)[0]]), str(name), sample["row"].to_numpy()[in_class]
