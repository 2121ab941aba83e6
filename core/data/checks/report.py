"""Check a table before training: what ``core check`` prints."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from core.data.checks.findings import SAMPLED_ROWS, Finding, by_severity
from core.data.checks.run import run_checks
from core.data.checks.truncation import check_truncation
from core.data.columns import ColumnChoice, LabeledTexts, apply_columns, label_counts
from core.data.guessing import resolve_columns
from core.data.reading.misreading import find_signs
from core.data.splitting import SplitConfig, split
from core.data.table import Table
from core.data.token_counts import DEFAULT_MAX_LENGTH, TokenCounts
from core.errors import DataError


@dataclass(frozen=True)
class CheckReport:
    """A table, its columns and labeled texts (None where they could not be determined), its rows per label, and the findings."""

    table: Table
    choice: ColumnChoice | None
    labeled: LabeledTexts | None
    labels: dict[str, int]
    findings: list[Finding]

    @property
    def blocked(self) -> bool:
        """Whether a finding prevents training."""
        return any(finding.severity == "blocks" for finding in self.findings)

    def to_json(self) -> dict[str, Any]:
        """The report as ``core check --json`` prints it."""
        return {
            "rows": len(self.table),
            "columns": list(self.table.frame.columns),
            "encoding": self.table.encoding,
            "delimiter": self.table.delimiter,
            "header": self.table.header,
            "unreadable_rows": len(self.table.unreadable),
            "text": self.choice.text if self.choice else None,
            "label": self.choice.label if self.choice else None,
            "task": self.choice.kind if self.choice else None,
            "labels": self.labels,
            "findings": [finding.to_json() for finding in self.findings],
        }


def check_table(
    table: Table,
    count_tokens: Callable[[Sequence[str]], TokenCounts],
    choose: Callable[[Table], ColumnChoice] = resolve_columns,
) -> CheckReport:
    """The report on a table whose columns ``choose`` returns. A table that cannot be trained on gets a blocking finding.

    ``count_tokens`` is called with at most ``findings.SAMPLED_ROWS`` texts.
    """
    choice, labeled = None, None
    findings = reading_findings(table)
    try:
        choice = choose(table)
        labeled = apply_columns(table, choice)
        first = labeled.head(SAMPLED_ROWS)
        tokens = count_tokens(first.frame["text"].tolist())
        findings += [*run_checks(table, choice, labeled), *check_truncation(first, tokens, DEFAULT_MAX_LENGTH)]
        split(labeled, SplitConfig(group_near_duplicates=False))
    except DataError as error:
        findings.append(Finding("unusable", "blocks", str(error)))
    counts = dict(label_counts(labeled.frame["label"]).most_common()) if labeled and labeled.task.labels else {}
    return CheckReport(table, choice, labeled, counts, by_severity(findings))


def reading_findings(table: Table) -> list[Finding]:
    """A finding if the file of a table may be misread."""
    signs = find_signs(table)
    return [Finding("misread", "warning", f"This file may be misread: {'; '.join(signs)}.")] if signs else []
