"""What gives a label away: another column, or a word, which the model would learn in place of the meaning."""

from collections.abc import Iterator

import numpy as np
import pandas as pd
from sklearn.feature_extraction.text import CountVectorizer

from core.data.checks.findings import Finding, sample_rows
from core.data.columns import ColumnChoice, LabeledTexts
from core.data.table import Table

_GIVEAWAY_ROWS = 20_000
_GIVEAWAY_CLASS = 20
_GIVEAWAY_WITHIN, _GIVEAWAY_OUTSIDE = 0.95, 0.01


def check_giveaways(table: Table, choice: ColumnChoice, labeled: LabeledTexts) -> Iterator[Finding]:
    """Of texts with one label each; looks at a sample of large data, and says so."""
    if not labeled.task.one_label:
        return
    sample, said = sample_rows(labeled.frame, _GIVEAWAY_ROWS)
    sampled = np.isin(np.arange(len(table)), sample["row"])
    for column in table.frame.columns:
        if column in choice.used:
            continue
        cells = pd.Series(table.frame[column].array[sampled])
        distinct = cells.nunique()
        if not 2 <= distinct <= len(cells) / 3:
            continue
        if (sample["label"].groupby(cells).nunique() == 1).all():
            yield Finding(
                "giveaway",
                "note",
                f"The column “{column}” alone tells the label of every row{said}. The model does not read it; "
                "make sure its contents are not part of the texts.",
            )
    yield from _telling_words(sample, said)


def _telling_words(sample: pd.DataFrame, said: str) -> Iterator[Finding]:
    """A word that stands in nearly all texts of a class and in hardly any other: more often an artefact than meaning."""
    counts = sample["label"].value_counts()
    large = [
        name
        for name in counts.index
        if counts[name] >= _GIVEAWAY_CLASS and counts[name] <= len(sample) - _GIVEAWAY_CLASS
    ]
    if not large:
        return
    vectorizer = CountVectorizer(binary=True, min_df=_GIVEAWAY_CLASS // 2, token_pattern=r"\b\w\w+\b")
    try:
        words = vectorizer.fit_transform(sample["text"]).tocsc()
    except ValueError:  # no word is frequent enough
        return
    names = vectorizer.get_feature_names_out()
    total = np.asarray(words.sum(axis=0)).ravel()
    for name in large:
        member = (sample["label"] == name).to_numpy(dtype=bool)
        within = np.asarray(words[member].sum(axis=0)).ravel()
        outside = (total - within) / max(1, len(sample) - member.sum())
        telling = (within >= _GIVEAWAY_WITHIN * member.sum()) & (outside <= _GIVEAWAY_OUTSIDE)
        if telling.any():
            yield Finding(
                "giveaway",
                "warning",
                f"The word “{names[np.flatnonzero(telling)[0]]}” stands in nearly all texts of {name} and in hardly any other"
                f"{said}. If it was added by whoever labelled them, the model will learn nothing else.",
                sample["row"].to_numpy()[member],
            )
