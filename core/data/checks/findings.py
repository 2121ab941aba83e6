"""What a check found: what it means, which rows, and the repair where one is right."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any, Literal

import numpy as np
import numpy.typing as npt
import pandas as pd

from core.data.repairs import Repair
from core.data.table import filter_rows

Severity = Literal["blocks", "warning", "note"]
Rows = npt.NDArray[np.int64]
# Above this many rows the expensive checks look at a sample.
SAMPLED_ROWS = 100_000
_NO_ROWS: Rows = np.zeros(0, dtype=np.int64)


@dataclass(frozen=True)
class Finding:
    """One thing a check found. ``rows`` are positions in the table, from 0."""

    check: str
    severity: Severity
    message: str
    rows: Rows = field(default_factory=lambda: _NO_ROWS)
    repair: Repair | None = None

    def to_json(self) -> dict[str, Any]:
        """As ``core check`` prints it; rows are counted from 1 there."""
        repair = self.repair.to_json() if self.repair else None
        rows = [int(row) + 1 for row in self.rows]
        return {"check": self.check, "severity": self.severity, "rows": rows, "message": self.message, "repair": repair}


def by_severity(findings: Sequence[Finding]) -> list[Finding]:
    """The gravest first; otherwise in their order."""
    return sorted(findings, key=lambda finding: ("blocks", "warning", "note").index(finding.severity))


def sample_rows(frame: pd.DataFrame, size: int = SAMPLED_ROWS, among: Rows | None = None) -> tuple[pd.DataFrame, str]:
    """At most so many rows (of those at the positions ``among``), and the words to say that it is a sample."""
    positions = np.arange(len(frame)) if among is None else among
    if len(positions) == len(frame) <= size:
        return frame, ""
    said = ""
    if len(positions) > size:
        positions = np.random.default_rng(0).choice(positions, size, replace=False)
        said = f", among a sample of {size:,}"
    return filter_rows(frame, np.isin(np.arange(len(frame)), positions)), said
