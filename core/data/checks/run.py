"""Run all checks that need no encoder."""

from collections.abc import Iterator

from core.data.checks.content import check_content
from core.data.checks.duplicates import check_duplicates
from core.data.checks.findings import Finding, by_severity
from core.data.checks.labels import check_labels
from core.data.checks.leakage import check_leakage
from core.data.columns import ColumnChoice, LabeledTexts
from core.data.table import Table


def run_checks(table: Table, choice: ColumnChoice, labeled: LabeledTexts) -> list[Finding]:
    """The findings of all checks that need no encoder, the most severe first."""
    findings = [
        *_skipped_rows(table, labeled),
        *check_labels(labeled),
        *check_duplicates(labeled),
        *check_leakage(table, choice, labeled),
        *check_content(labeled),
    ]
    return by_severity(findings)


def _skipped_rows(table: Table, labeled: LabeledTexts) -> Iterator[Finding]:
    if table.unreadable:
        message = f"Rows that could not be read and were skipped: {len(table.unreadable):,}."
        yield Finding("unreadable_rows", "warning", message)
    if labeled.skipped:
        yield Finding("missing_texts", "note", f"Rows without a text that were skipped: {labeled.skipped:,}.")
    if len(labeled.unlabeled):
        message = f"Rows without a label that were set aside for prediction: {len(labeled.unlabeled):,}."
        yield Finding("unlabeled", "note", message, labeled.unlabeled["row"].to_numpy())
