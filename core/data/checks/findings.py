"""What the checks return: findings with their rows and, where there is one, the repair."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any, Literal

import numpy as np
import numpy.typing as npt
import pandas as pd

from core.data.columns import ColumnChoice
from core.data.repairs import Repair
from core.data.table import filter_rows

Severity = Literal["blocks", "warning", "note"]
Rows = npt.NDArray[np.int64]
# The number of rows above which slow checks use a sample.
SAMPLED_ROWS = 100_000
_NO_ROWS: Rows = np.zeros(0, dtype=np.int64)


@dataclass(frozen=True)
class Finding:
    """One problem that a check found. ``rows`` are positions in the table, from 0.

    ``control`` is the title of the control on the Data page that changes what the finding is about, and ``choice`` the columns
    with the other choice; both are empty where there is none.
    """

    check: str
    severity: Severity
    message: str
    rows: Rows = field(default_factory=lambda: _NO_ROWS)
    repair: Repair | None = None
    control: str = ""
    choice: ColumnChoice | None = None

    def to_json(self) -> dict[str, Any]:
        """The finding as ``core check --json`` prints it, with rows counted from 1."""
        repair = self.repair.to_json() if self.repair else None
        rows = [int(row) + 1 for row in self.rows]
        record = {
            "check": self.check,
            "severity": self.severity,
            "rows": rows,
            "message": self.message,
            "repair": repair,
        }
        return record | ({"control": self.control} if self.control else {})


def by_severity(findings: Sequence[Finding]) -> list[Finding]:
    """The findings sorted by severity, the most severe first."""
    return sorted(findings, key=lambda finding: ("blocks", "warning", "note").index(finding.severity))


def sample_rows(frame: pd.DataFrame, size: int = SAMPLED_ROWS, among: Rows | None = None) -> tuple[pd.DataFrame, str]:
    """At most ``size`` rows (of those at the positions ``among``), and " in a sample of ..." if rows were left out."""
    positions = np.arange(len(frame)) if among is None else among
    if len(positions) == len(frame) <= size:
        return frame, ""
    note = ""
    if len(positions) > size:
        positions = np.random.default_rng(0).choice(positions, size, replace=False)
        note = f" in a sample of {size:,} rows"
    return filter_rows(frame, np.isin(np.arange(len(frame)), positions)), note
