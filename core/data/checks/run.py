"""Run all checks that need no encoder."""

from collections.abc import Iterator
from dataclasses import replace

from core.data.checks.content import check_content
from core.data.checks.duplicates import check_duplicates
from core.data.checks.findings import Finding, by_severity
from core.data.checks.guesses import check_guesses
from core.data.checks.labels import check_labels
from core.data.checks.leakage import check_leakage
from core.data.checks.pairs import find_pair
from core.data.columns import ColumnChoice, LabeledTexts
from core.data.repairs import would_change
from core.data.table import Table
from core.formatting import pluralize


def run_checks(table: Table, choice: ColumnChoice, labeled: LabeledTexts) -> list[Finding]:
    """The findings of all checks that need no encoder, the most severe first."""
    findings = [
        *_skipped_rows(table, labeled),
        *check_labels(labeled),
        *check_texts(table, choice, labeled),
        *check_leakage(table, choice, labeled),
        *check_content(labeled),
    ]
    return by_severity([_without_idle_repair(finding, labeled) for finding in findings])


def _without_idle_repair(finding: Finding, labeled: LabeledTexts) -> Finding:
    """The finding without its repair if the repair would change nothing."""
    if finding.repair is None or would_change(labeled, finding.repair, finding.rows):
        return finding
    return replace(finding, repair=None)


def check_texts(table: Table, choice: ColumnChoice, labeled: LabeledTexts) -> Iterator[Finding]:
    """Findings about pairs of texts, otherwise about guesses and repeated texts, which are no conflicts in a table of pairs."""
    pair = find_pair(table, choice)
    if pair is None:
        yield from check_guesses(table, choice)
        yield from check_duplicates(labeled)
        return
    left_out = pair[0] if pair[1] == choice.text else pair[1]
    repeated = len(labeled) - labeled.frame["text"].nunique()
    yield Finding(
        "text_pairs",
        "warning",
        f"“{pair[0]}” and “{pair[1]}” look like pairs of texts with one label for both. Pairs are not supported: the model would "
        f"read “{choice.text}” alone and never see “{left_out}”, and {pluralize(repeated, 'row')} would repeat a text. "
        "Put both texts into one column to learn from pairs.",
        control="Text column",
    )


def _skipped_rows(table: Table, labeled: LabeledTexts) -> Iterator[Finding]:
    if table.unreadable:
        message = f"Rows that could not be read and were skipped: {len(table.unreadable):,}."
        yield Finding("unreadable_rows", "warning", message)
    if labeled.skipped:
        yield Finding("missing_texts", "note", f"Rows without a text that were skipped: {labeled.skipped:,}.")
    if len(labeled.unlabeled):
        message = f"Rows without a label that were set aside for prediction: {len(labeled.unlabeled):,}."
        yield Finding("unlabeled", "note", message, labeled.unlabeled["row"].to_numpy())
