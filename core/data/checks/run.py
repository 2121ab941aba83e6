"""What is wrong with labelled texts, as far as it can be known without an encoder."""

from collections.abc import Iterator

from core.data.checks.content import check_contents
from core.data.checks.duplicates import check_repetition
from core.data.checks.findings import Finding, by_severity
from core.data.checks.labels import check_labels
from core.data.checks.leakage import check_giveaways
from core.data.columns import ColumnChoice, LabeledTexts
from core.data.table import Table
from core.formatting import pluralize


def check(table: Table, choice: ColumnChoice, labeled: LabeledTexts) -> list[Finding]:
    """All checks that need no encoder, the gravest first."""
    findings = [
        *_reading(table, labeled),
        *check_labels(labeled),
        *check_repetition(labeled),
        *check_giveaways(table, choice, labeled),
        *check_contents(labeled),
    ]
    return by_severity(findings)


def _reading(table: Table, labeled: LabeledTexts) -> Iterator[Finding]:
    if table.unreadable:
        yield Finding(
            "unreadable_rows",
            "warning",
            f"Could not be read, and left out: {pluralize(len(table.unreadable), 'row')}.",
        )
    if labeled.skipped:
        yield Finding("missing_texts", "note", f"Without a text, and left out: {pluralize(labeled.skipped, 'row')}.")
    if len(labeled.unlabeled):
        yield Finding(
            "unlabeled",
            "note",
            f"Without a label, and set aside to be predicted: {pluralize(len(labeled.unlabeled), 'row')}.",
            labeled.unlabeled["row"].to_numpy(),
        )
