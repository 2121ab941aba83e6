"""Clean data has no findings, and skipped rows are reported."""

from dataclasses import replace

import pytest

from core.data.checks.run import run_checks
from core.data.columns import apply_columns
from core.data.samples import SAMPLES, Sample
from core.data.table import UnreadableRow
from tests.data.checks.cases import CLEAN, find, label_rows


def test_clean_data_has_no_findings() -> None:
    assert find(CLEAN) == {}


@pytest.mark.parametrize("sample", SAMPLES, ids=lambda sample: sample.file)
def test_the_samples_have_no_findings(sample: Sample) -> None:
    table = sample.read()
    assert run_checks(table, sample.columns, apply_columns(table, sample.columns)) == []


def test_skipped_rows_are_counted() -> None:
    table, choice, labeled = label_rows([*CLEAN, ("", "a"), ("a text without a label", "")])
    table = replace(table, unreadable=(UnreadableRow(1, "above the table", "x"),))
    findings = {finding.check: finding for finding in run_checks(table, choice, labeled)}
    assert set(findings) == {"unreadable_rows", "missing_texts", "unlabeled"}
    assert findings["unlabeled"].rows.tolist() == [101]


def test_the_most_severe_finding_comes_first() -> None:
    assert [finding.severity for finding in find([*CLEAN, CLEAN[3], (CLEAN[0][0], "b")]).values()] == [
        "warning",
        "note",
    ]
