"""Colors, sizes and chart parts that all charts share; docs/design.md gives the reasons.

On pages, Streamlit's theme sets the color scales, so that light and dark both work. The report is drawn with ``CONFIG``, which
has the same colors as the light theme.

Encodings are channels (``alt.X("rows:Q")``), never their short forms (``x="rows:Q"``, ``alt.value``): Altair spends 3 to 7 ms on
each short form and 0.06 ms on a channel.
"""

from typing import Any

import altair as alt
import pandas as pd

# Altair's own return types are too loose to check more than this.
Chart = Any

CATEGORICAL = ["#0f766e", "#c76f0a", "#7d80c8", "#a3123a", "#93844f", "#2f2a78", "#5a1038"]
SEQUENTIAL = [
    "#eef6f4",
    "#d5e9e5",
    "#b7d9d4",
    "#95c7c0",
    "#70b2aa",
    "#4a9b92",
    "#2a857c",
    "#0f766e",
    "#0b5c56",
    "#07423e",
]
DIVERGING = [
    "#7a0d2b",
    "#a3123a",
    "#c65674",
    "#e2a0b1",
    "#f3dbe1",
    "#dcecea",
    "#a5d0cb",
    "#5fa8a0",
    "#0f766e",
    "#0a5550",
]
# These have a contrast of at least 3:1 with the backgrounds of both themes.
LIMIT_COLOR = NEGATIVE_COLOR = "#cf4460"
POSITIVE_COLOR = HIGHLIGHT_COLOR = "#1b8e84"
MUTED_COLOR = "#7c8792"
DARK_TEXT_COLOR = "#12181f"
CONFIG = {
    "font": "system-ui, sans-serif",
    "mark": {"color": CATEGORICAL[0]},
    "range": {"category": CATEGORICAL, "ramp": SEQUENTIAL, "heatmap": SEQUENTIAL, "diverging": DIVERGING},
    "axis": {"gridColor": "#e6e3db", "domainColor": "#d9d5ca", "tickColor": "#d9d5ca", "labelColor": "#4d5660"},
    "view": {"stroke": None},
}
DASHES = [5, 4]
BAR_HEIGHT = 22
LABEL_WIDTH = 220
HEATMAP_LABEL_WIDTH = 160
MAX_POINTS = 5_000


def label_axis() -> alt.Axis:
    """The axis of label names beside horizontal bars."""
    return alt.Axis(labelLimit=LABEL_WIDTH)


def percent_axis() -> alt.Axis:
    """An axis of shares, written in percent."""
    return alt.Axis(format="%", tickCount=5)


def share_scale() -> alt.Scale:
    """The scale of a share: 0 to 1."""
    return alt.Scale(domain=[0, 1])


def limit_line(value: float, field: str) -> Chart:
    """A dashed vertical line at a value of ``field``."""
    line = alt.Chart(pd.DataFrame({field: [value]})).mark_rule(strokeDash=DASHES, color=LIMIT_COLOR, size=2)
    return line.encode(x=alt.X(f"{field}:Q"))


def diagonal(x: str, y: str, low: float, high: float) -> Chart:
    """A dashed line where the fields ``x`` and ``y`` are equal."""
    ends = pd.DataFrame({x: [low, high], y: [low, high]})
    return alt.Chart(ends).mark_line(strokeDash=DASHES, color="gray").encode(x=alt.X(f"{x}:Q"), y=alt.Y(f"{y}:Q"))
