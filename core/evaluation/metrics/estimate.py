"""The value of a metric with its 95% interval, as a record and as text."""

import math
from dataclasses import dataclass

from core.evaluation.metrics.definitions import METRICS, Metric
from core.formatting import format_range, pluralize

# Below this number of rows the sentence points out that there are few.
_FEW_ROWS = 1_000
# How a note starts if the interval holds the true value too rarely.
NOT_TRUSTED = "This interval is not to be trusted"


@dataclass(frozen=True)
class MetricEstimate:
    """The value of a metric on ``rows`` rows and its 95% interval; NaN where undefined, and then ``note`` says why.

    ``units`` is the number of independent units of the rows, such as groups of near-duplicates; 0 where each row is one.

    Raises:
        ValueError: there is no metric of this name.
    """

    name: str
    value: float
    low: float
    high: float
    rows: int
    note: str = ""
    units: int = 0

    def __post_init__(self) -> None:
        if self.name not in METRICS:
            raise ValueError(f"there is no metric {self.name!r}")

    @property
    def metric(self) -> Metric:
        """The definition of the metric."""
        return METRICS[self.name]

    @property
    def title(self) -> str:
        """The title of the metric."""
        return self.metric.title

    @property
    def is_trusted(self) -> bool:
        """Whether the interval holds the true value about 95% of the time; if not, the note says why."""
        return NOT_TRUSTED not in self.note

    @property
    def text(self) -> str:
        """The value as text: "81.4%", "0.713" or "undefined"."""
        return self.metric.format_value(self.value)

    @property
    def text_with_interval(self) -> str:
        """The value with its interval in parentheses: "81.4% (73 to 88)"; without them where the interval is unknown."""
        if math.isnan(self.low):
            return self.text
        percent = self.metric.format == "percent"
        ends = (f"{100 * end:.0f}" if percent else f"{end:.2f}" for end in (self.low, self.high))
        return f"{self.text} ({' to '.join(ends)})"


def interval_sentence(estimate: MetricEstimate, split: str = "test") -> str:
    """The interval as text: "between 84 and 93%, based on only 200 test rows"; the note where the value is undefined."""
    if math.isnan(estimate.value):
        return estimate.note
    rows, independent = pluralize(estimate.rows, f"{split} row"), estimate.units or estimate.rows
    if independent < estimate.rows:
        rows += f" in {pluralize(independent, 'independent group')}"
    if math.isnan(estimate.low):
        return f"with an unknown interval, based on {rows}"
    span = format_range(estimate.low, estimate.high, percent=estimate.metric.format == "percent")
    doubt = "" if estimate.is_trusted else "; too few to trust the interval"
    return f"between {span}, based on {'only ' if independent < _FEW_ROWS else ''}{rows}{doubt}"
