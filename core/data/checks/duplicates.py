"""Checks for texts that occur more than once: exact and near-duplicates, conflicting labels, leaks between splits."""

from collections.abc import Iterator

import numpy as np
import pandas as pd

from core.data.checks.findings import Finding, Rows, sample_rows
from core.data.columns import LabeledTexts
from core.data.near_duplicates import NEAR_THRESHOLD, near_duplicate_pairs
from core.data.repairs import Repair, conflicting_rows, leaking_rows
from core.data.table import category_codes
from core.formatting import pluralize


def check_duplicates(labeled: LabeledTexts) -> Iterator[Finding]:
    """Findings about repeated texts. Near-duplicates in large data are searched for in a sample, which the message states."""
    frame = labeled.frame
    rows = frame["row"].to_numpy()
    conflicts = conflicting_rows(frame)
    if conflicts.any():
        yield Finding(
            "conflicts",
            "warning",
            f"Same text with different labels: {pluralize(int(conflicts.sum()), 'row')}.",
            rows[conflicts],
            Repair("drop_conflicts"),
        )
    leaks = leaking_rows(frame)
    if leaks.any():
        yield Finding(
            "leaks",
            "warning",
            f"Same or nearly the same text in two splits of the file: {pluralize(int(leaks.sum()), 'row')}. "
            "The test scores would be too high.",
            rows[leaks],
            Repair("drop_leaks"),
        )
    codes = category_codes(frame["text"])
    first = np.sort(np.unique(codes, return_index=True)[1])
    if len(first) < len(frame):
        yield Finding(
            "duplicates",
            "note",
            f"Repeated texts: {pluralize(len(frame) - len(first), 'row')}. Copies of a text stay in one split.",
            rows[np.bincount(codes)[codes] > 1],
            Repair("drop_duplicates"),
        )
    yield from _near_duplicates(frame, first)


def _near_duplicates(frame: pd.DataFrame, distinct: Rows) -> Iterator[Finding]:
    sample, note = sample_rows(frame, among=distinct)
    near = np.unique(near_duplicate_pairs(sample["text"].tolist()))
    if len(near):
        yield Finding(
            "near_duplicates",
            "note",
            f"Near-duplicates{note}: {pluralize(len(near), 'text')} (Jaccard similarity of word 3-shingles above "
            f"{NEAR_THRESHOLD:g}). Near-duplicates stay in one split.",
            sample["row"].to_numpy()[near],
            Repair("drop_near_duplicates"),
        )
