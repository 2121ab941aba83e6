"""Whether evaluation keeps its word: simulations with known truth, one row for each figure (name, wanted, got).

``make bench ONLY=evaluation_honesty`` prints them. The settings and seeds differ from those with which the methods were chosen.
"""

import sys
from collections.abc import Callable, Iterable

from tests.benchmarks.common import Figure
from tests.benchmarks.honesty_decisions import decision_rows
from tests.benchmarks.honesty_intervals import interval_rows
from tests.benchmarks.honesty_regression import regression_rows
from tests.benchmarks.honesty_rows import HonestyRow
from tests.benchmarks.honesty_shares import share_rows
from tests.benchmarks.honesty_units import unit_rows

# Each gives some rows; a new group of figures is one more function here.
SOURCES: tuple[Callable[[], Iterable[HonestyRow]], ...] = (
    decision_rows,
    unit_rows,
    regression_rows,
    share_rows,
    interval_rows,
)


def evaluation_honesty() -> list[Figure]:
    """Every row as a figure; the ratio is 1 or more where what was got is at least as good as what is wanted."""
    figures = []
    for source in SOURCES:
        for row in source():
            print(f"{'ok ' if row.is_kept else 'NOT'} {row.name}: {row.sentence}", file=sys.stderr)
            ratio = row.got / row.wanted if row.at_least else row.wanted / max(row.got, 1e-9)
            figures.append(Figure(row.name, row.got, row.wanted, ratio, row.unit, [], row.how))
    return figures
