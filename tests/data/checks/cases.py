"""Clean labeled texts, and helpers that check and repair them."""

from collections.abc import Sequence

import pandas as pd

from core.data.checks.findings import Finding
from core.data.checks.run import run_checks
from core.data.columns import ColumnChoice, LabeledTexts, apply_columns
from core.data.repairs import apply_repairs
from core.data.table import Table

NOUNS = ["parcel", "invoice", "password", "refund", "courier", "update", "keyboard", "voucher", "address", "camera"]
VERBS = ["vanished", "arrived", "broke", "doubled", "expired", "froze", "returned", "leaked", "changed", "shrank"]
CLEAN = [
    (f"yesterday my {noun} {verb} and nobody at number {i}{j} could say why", "ab"[(i + j) % 2])
    for i, noun in enumerate(NOUNS)
    for j, verb in enumerate(VERBS)
]


def label_rows(rows: Sequence[tuple[str, ...]], *extra_columns: str) -> tuple[Table, ColumnChoice, LabeledTexts]:
    """A table with the columns text, label and the extra ones; an extra column "split" holds the split."""
    columns = ["text", "label", *extra_columns]
    table = Table(pd.DataFrame(rows, columns=columns, dtype="str"), "x.csv")
    choice = ColumnChoice("text", "label", "multiclass", "split" if "split" in columns else None)
    return table, choice, apply_columns(table, choice)


def find(rows: Sequence[tuple[str, ...]], *extra_columns: str) -> dict[str, Finding]:
    """The findings for these rows, by check."""
    return {finding.check: finding for finding in run_checks(*label_rows(rows, *extra_columns))}


def repair(rows: Sequence[tuple[str, ...]], finding: Finding) -> list[tuple[str, str]]:
    """The texts and labels after the finding's repair, which goes through JSON as it does on the pages."""
    assert finding.repair is not None
    frame = apply_repairs(label_rows(rows)[2], [finding.repair]).frame
    return list(zip(frame["text"], frame["label"], strict=True))
