"""What is wrong with labelled texts, as far as it can be known without an encoder."""

from collections.abc import Iterator

from core.data.columns import ColumnChoice, LabelledTexts
from core.data.content_checks import check_contents
from core.data.findings import Finding, by_gravity
from core.data.giveaways import check_giveaways
from core.data.label_checks import check_labels
from core.data.repetition import check_repetition
from core.data.table import Table
from core.words import counted


def check(table: Table, choice: ColumnChoice, labelled: LabelledTexts) -> list[Finding]:
    """All checks that need no encoder, the gravest first."""
    findings = [
        *_reading(table, labelled),
        *check_labels(labelled),
        *check_repetition(labelled),
        *check_giveaways(table, choice, labelled),
        *check_contents(labelled),
    ]
    return by_gravity(findings)


def _reading(table: Table, labelled: LabelledTexts) -> Iterator[Finding]:
    if table.unreadable:
        yield Finding(
            "unreadable_rows",
            "warning",
            f"Could not be read, and left out: {counted(len(table.unreadable), 'row')}.",
        )
    if labelled.skipped:
        yield Finding("missing_texts", "note", f"Without a text, and left out: {counted(labelled.skipped, 'row')}.")
    if len(labelled.unlabelled):
        yield Finding(
            "unlabelled",
            "note",
            f"Without a label, and set aside to be predicted: {counted(len(labelled.unlabelled), 'row')}.",
            labelled.unlabelled["row"].to_numpy(),
        )
