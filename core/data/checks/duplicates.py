"""Texts that occur more than once: with one label or several, word for word or nearly, across given splits."""

from collections.abc import Iterator

import numpy as np

from core.data import near_duplicates
from core.data.checks.findings import Finding, sample_rows
from core.data.columns import LabeledTexts
from core.data.repairs import Repair, conflicting, leaking
from core.data.table import codes
from core.formatting import pluralize


def check_repetition(labeled: LabeledTexts) -> Iterator[Finding]:
    """Looks for near-duplicates in a sample of large data, and says so."""
    frame = labeled.frame
    rows = frame["row"].to_numpy()
    conflicts = conflicting(frame)
    if conflicts.any():
        yield Finding(
            "conflicts",
            "warning",
            f"The same text with different labels: {pluralize(int(conflicts.sum()), 'row')}.",
            rows[conflicts],
            Repair("drop_conflicts"),
        )
    text = codes(frame["text"])
    repeated = np.bincount(text)[text] > 1
    first = np.sort(np.unique(text, return_index=True)[1])
    if repeated.any():
        yield Finding(
            "duplicates",
            "note",
            f"Texts repeated word for word: {pluralize(len(frame) - len(first), 'row')}. They stay in one split.",
            rows[repeated],
            Repair("drop_duplicates"),
        )
    sample, said = sample_rows(frame, among=first)
    pairs = near_duplicates.near_duplicate_pairs(sample["text"].tolist())
    if len(pairs):
        near = np.unique(pairs)
        yield Finding(
            "near_duplicates",
            "note",
            f"Nearly the same as another (word 3-shingles, Jaccard above {near_duplicates.NEAR_THRESHOLD:g}): "
            f"{pluralize(len(near), 'text')}{said}. They stay in one split.",
            sample["row"].to_numpy()[near],
            Repair("drop_near_duplicates"),
        )
    leaks = leaking(frame)
    if leaks.any():
        yield Finding(
            "leaks",
            "warning",
            f"In two of the file's own splits, the same or nearly: {pluralize(int(leaks.sum()), 'row')}; "
            "the test would flatter the model.",
            rows[leaks],
            Repair("drop_leaks"),
        )
