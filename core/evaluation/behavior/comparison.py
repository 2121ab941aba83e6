"""The same behavioral test on two models: both pass rates on the cases that they share, and whether they differ."""

from dataclasses import dataclass

import numpy as np
import pandas as pd

from core.evaluation.statistics.permutation import correctness_p_value
from core.formatting import format_percent

_ALPHA = 0.05


@dataclass(frozen=True)
class PassRateChange:
    """The pass rates of an earlier and a later model on ``cases`` shared cases, and the p-value that they are the same."""

    before: float
    after: float
    cases: int
    p_value: float

    @property
    def better(self) -> bool | None:
        """Whether the later model is better (True) or worse (False); None where the cases cannot tell."""
        return None if self.p_value >= _ALPHA or self.before == self.after else self.after > self.before

    @property
    def text(self) -> str:
        """The change as text: "91.2% → 94.0%"."""
        return f"{format_percent(self.before)} → {format_percent(self.after)}"

    @property
    def sentence(self) -> str:
        """The change with its verdict."""
        verdicts = {True: "better", False: "worse", None: "the cases cannot tell the two apart"}
        p_value = "p < 0.001" if self.p_value < 0.001 else f"p = {self.p_value:.3f}"
        return f"{self.text} on {self.cases:,} shared cases: {verdicts[self.better]} ({p_value})"


def compare_pass_rates(earlier: pd.DataFrame, later: pd.DataFrame) -> PassRateChange | None:
    """The change of the pass rate from one model to another; None where they share no case.

    Both tables have the columns before, after, unit and passed. The test is the exact paired one, by units of the later table.
    """
    shared = later.merge(earlier[["before", "after", "passed"]], on=["before", "after"], suffixes=("", "_earlier"))
    if shared.empty:
        return None
    now, then = (shared[name].to_numpy(dtype=bool) for name in ("passed", "passed_earlier"))
    p_value = correctness_p_value(now, then, shared["unit"].to_numpy(dtype=np.intp))
    return PassRateChange(float(then.mean()), float(now.mean()), len(shared), p_value)
