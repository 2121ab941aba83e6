"""Charts of a published model's health: predictions per day, and predicted shares beside those on validation."""

import altair as alt
import pandas as pd

from core.charts.theme import Chart, label_axis, percent_axis

MAX_LABELS = 20


def daily_volume(volume: pd.DataFrame) -> Chart:
    """A bar for each day. Columns: day, predictions."""
    return (
        alt.Chart(volume)
        .mark_bar()
        .encode(
            x=alt.X("yearmonthdate(day):O", title=None, axis=alt.Axis(format="%b %d", labelOverlap=True)),
            y=alt.Y("predictions:Q", title="predictions", axis=alt.Axis(tickMinStep=1)),
            tooltip=[alt.Tooltip("day:T", format="%Y-%m-%d"), alt.Tooltip("predictions")],
        )
        .properties(height=180)
    )


def share_comparison(shares: pd.DataFrame) -> Chart:
    """Bars for the ``MAX_LABELS`` labels with the largest shares. Columns: label, source, share."""
    largest = shares.groupby("label", sort=False)["share"].max().nlargest(MAX_LABELS).index.tolist()
    sources = list(dict.fromkeys(shares["source"]))
    return (
        alt.Chart(shares[shares["label"].isin(largest)])
        .mark_bar()
        .encode(
            x=alt.X("share:Q", title=None, axis=percent_axis()),
            y=alt.Y("label:N", sort=largest, title=None, axis=label_axis()),
            yOffset=alt.YOffset("source:N", sort=sources),
            color=alt.Color("source:N", sort=sources, title=None, legend=alt.Legend(orient="top")),
            tooltip=[alt.Tooltip("label"), alt.Tooltip("source"), alt.Tooltip("share:Q", format=".1%")],
        )
        .properties(height=alt.Step(12))
    )
