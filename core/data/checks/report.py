"""All that can be said of a table before anything is trained on it: what ``core check`` prints and the Data page shows."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from core.data.checks.findings import SAMPLED_ROWS, Finding, by_severity
from core.data.checks.run import check
from core.data.checks.truncation import check_tokens
from core.data.columns import ColumnChoice, LabeledTexts, apply_columns, label_counts
from core.data.guessing import choice_for
from core.data.splitting import SplitConfig, split
from core.data.table import Table
from core.data.token_counts import DEFAULT_MAX_LENGTH, TokenCounts
from core.errors import DataError


@dataclass(frozen=True)
class CheckReport:
    """A table, how it was understood (None where it could not be), its rows by label, and the findings."""

    table: Table
    choice: ColumnChoice | None
    labeled: LabeledTexts | None
    labels: dict[str, int]
    findings: list[Finding]

    @property
    def blocked(self) -> bool:
        """Whether something keeps this table from being trained on."""
        return any(finding.severity == "blocks" for finding in self.findings)

    def to_json(self) -> dict[str, Any]:
        """What ``core check --json`` prints."""
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


def report(
    table: Table,
    count: Callable[[Sequence[str]], TokenCounts],
    text: str | None = None,
    label: str | None = None,
    names: tuple[tuple[str, str], ...] = (),
) -> CheckReport:
    """Choose columns (or take those given), check, and see whether it can be split; what makes that impossible is a finding.

    ``count`` makes word pieces of texts; of more than ``findings.SAMPLED_ROWS`` rows only the first so many are counted.
    """
    choice, labeled = None, None
    findings: list[Finding] = []
    try:
        choice = choice_for(table, text, label, names=names)
        labeled = apply_columns(table, choice)
        first = labeled.first(SAMPLED_ROWS)
        lengths = check_tokens(first, count(first.frame["text"].tolist()), DEFAULT_MAX_LENGTH)
        findings = by_severity([*check(table, choice, labeled), *lengths])
        split(labeled, SplitConfig(group_near_duplicates=False))
    except DataError as error:
        findings = by_severity([*findings, Finding("unusable", "blocks", str(error))])
    counts = dict(label_counts(labeled.frame["label"]).most_common()) if labeled and labeled.task.labels else {}
    return CheckReport(table, choice, labeled, counts, findings)
