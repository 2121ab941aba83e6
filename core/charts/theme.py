"""Colors, sizes and chart parts that all charts share. Streamlit's theme sets the rest, so that light and dark both work."""

from typing import Any

import altair as alt
import pandas as pd

# Altair's own return types are too loose to check more than this.
Chart = Any

LIMIT_COLOR = "#d1495b"
POSITIVE_COLOR = "#2a9d6f"
DARK_TEXT_COLOR = "#20304a"
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
    return line.encode(x=f"{field}:Q")


def diagonal(x: str, y: str, low: float, high: float) -> Chart:
    """A dashed line where the fields ``x`` and ``y`` are equal."""
    ends = pd.DataFrame({x: [low, high], y: [low, high]})
    return alt.Chart(ends).mark_line(strokeDash=DASHES, color="gray").encode(x=f"{x}:Q", y=f"{y}:Q")
