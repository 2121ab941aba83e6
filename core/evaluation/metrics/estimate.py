"""A figure with its 95 % interval, and a sentence on how far to trust it."""

import math
from dataclasses import dataclass

from core.evaluation.metrics import summary
from core.evaluation.statistics.intervals import Interval
from core.formatting import pluralize

TITLES = summary.TITLES | {
    "precision_micro": "Precision (micro)",
    "recall_micro": "Recall (micro)",
    "matthews": "Matthews correlation",
    "log_loss": "Log loss",
    "roc_auc": "ROC-AUC",
    "average_precision": "PR-AUC (average precision)",
    "top_3_accuracy": "Right among the first three",
}
# The smaller the better.
LOWER_IS_BETTER = frozenset({"mae", "rmse", "hamming_loss", "log_loss"})
# Written as numbers. The others are shares, written in percent.
_NUMBERS = frozenset({"matthews", "spearman", "r2", "log_loss", "mae", "rmse", "roc_auc", "average_precision"})
# Below this many rows the sentence says that there are only so many.
_FEW_ROWS = 1_000


@dataclass(frozen=True)
class MetricEstimate:
    """A figure: ``value`` between ``low`` and ``high`` (95 %), from ``rows`` rows; NaN where undefined, and ``note`` says why."""

    name: str
    title: str
    value: float
    low: float
    high: float
    rows: int
    note: str = ""

    @property
    def is_share(self) -> bool:
        """Whether it is written in percent."""
        return self.name not in _NUMBERS


def make_estimate(name: str, value: float, interval: Interval, rows: int, note: str = "") -> MetricEstimate:
    """A figure with the title of its name."""
    return MetricEstimate(name, TITLES[name], value, interval.low, interval.high, rows, note)


def interval_sentence(found: MetricEstimate, split: str = "test") -> str:
    """How far to trust it: "between 84 and 93 %, because there are only 200 test rows"; its note where it is undefined."""
    if math.isnan(found.value):
        return found.note
    if math.isnan(found.low):
        return f"how far this may be off is unknown from {pluralize(found.rows, f'{split} row')}"
    why = "because there are only" if found.rows < _FEW_ROWS else "from"
    return f"between {_span(found)}, {why} {pluralize(found.rows, f'{split} row')}"


def _span(found: MetricEstimate) -> str:
    """Both ends with as few digits as tell them apart; the ends of a share in percent."""
    factor, unit = (100, " %") if found.is_share else (1, "")
    low, high = factor * found.low, factor * found.high
    for digits in range(0 if unit else 2, 6):
        ends = f"{low:,.{digits}f}", f"{high:,.{digits}f}"
        if ends[0] != ends[1]:
            break
    return f"{ends[0]} and {ends[1]}{unit}"


def listed(labels: list[str], most: int = 3) -> str:
    """The first few names, and how many more there are."""
    return ", ".join(labels[:most]) + (f" and {len(labels) - most} more" if len(labels) > most else "")
