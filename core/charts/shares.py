"""The chart of estimated shares of classes."""

import altair as alt
import pandas as pd

from core.charts.theme import BAR_HEIGHT, HIGHLIGHT_COLOR, MUTED_COLOR, Chart, label_axis, percent_axis

MAX_LABELS = 20


def estimated_shares(shares: pd.DataFrame) -> Chart:
    """The estimate of each label with its interval, and an open mark for the share of predictions.

    Columns: label, estimate, low, high, predictions; the first ``MAX_LABELS`` rows are drawn, in their order.
    """
    shares = shares.head(MAX_LABELS)
    percent = [
        alt.Tooltip(f"{name}:Q", format=".1%", title=title)
        for name, title in (
            ("estimate", "estimate"),
            ("low", "from"),
            ("high", "to"),
            ("predictions", "share of predictions"),
        )
    ]
    base = alt.Chart(shares).encode(
        y=alt.Y("label:N", sort=shares["label"].tolist(), title=None, axis=label_axis()),
        tooltip=[alt.Tooltip("label"), *percent],
    )
    intervals = base.mark_rule(size=4, opacity=0.5, color=HIGHLIGHT_COLOR).encode(
        x=alt.X("low:Q", title=None, axis=percent_axis(), scale=alt.Scale(zero=True)), x2=alt.X2("high:Q")
    )
    points = base.mark_circle(size=90, opacity=1, color=HIGHLIGHT_COLOR).encode(x=alt.X("estimate:Q"))
    counted = base.mark_tick(thickness=2, size=BAR_HEIGHT * 0.7, color=MUTED_COLOR).encode(x=alt.X("predictions:Q"))
    return alt.layer(intervals, points, counted).properties(height=alt.Step(BAR_HEIGHT + 4))
