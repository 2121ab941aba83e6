"""The small charts on Home that show the way from texts to predictions."""

import altair as alt
import pandas as pd

from core.charts.theme import HIGHLIGHT_COLOR, LABEL_WIDTH, MUTED_COLOR, Chart, label_axis, share_scale

_HEIGHT = 190


def small_label_counts(counts: pd.DataFrame) -> Chart:
    """A bar for the rows of each label. Columns: label, rows."""
    return (
        alt.Chart(counts)
        .mark_bar(cornerRadiusEnd=3)
        .encode(
            x=alt.X("rows:Q", title=None, axis=None),
            y=alt.Y(
                "label:N",
                sort="-x",
                title=None,
                axis=alt.Axis(labelLimit=LABEL_WIDTH, labelOverlap=False, ticks=False, domain=False),
            ),
            tooltip=[alt.Tooltip("label"), alt.Tooltip("rows")],
        )
        .properties(height=_HEIGHT)
    )


def small_loss(losses: pd.DataFrame) -> Chart:
    """A line of the training loss. Columns: step, loss."""
    return (
        alt.Chart(losses)
        .mark_line(strokeWidth=2.5, interpolate="monotone")
        .encode(
            x=alt.X("step:Q", title="training step", axis=alt.Axis(tickCount=3, grid=False)),
            y=alt.Y("loss:Q", title=None, axis=alt.Axis(tickCount=3), scale=alt.Scale(zero=True)),
            tooltip=[alt.Tooltip("step"), alt.Tooltip("loss")],
        )
        .properties(height=_HEIGHT)
    )


def small_scores(scores: pd.DataFrame, percent: bool = True) -> Chart:
    """A point with its interval for the score of each source, as a share or a number. Columns: source, value, low, high."""
    number = ".0%" if percent else ".3~g"
    base = alt.Chart(scores).encode(
        y=alt.Y("source:N", sort=None, title=None, axis=label_axis()),
        color=alt.ColorValue(
            **alt.condition("datum.source == 'This model'", alt.value(HIGHLIGHT_COLOR), alt.value(MUTED_COLOR))
        ),
        tooltip=[
            alt.Tooltip("source"),
            *(alt.Tooltip(f"{name}:Q", format=number) for name in ("value", "low", "high")),
        ],
    )
    axis = alt.Axis(format="%", tickCount=3) if percent else alt.Axis(tickCount=4)
    scale = share_scale() if percent else alt.Scale(zero=True)
    intervals = base.mark_rule(size=3, opacity=0.6).encode(
        x=alt.X("low:Q", title=None, axis=axis, scale=scale), x2=alt.X2("high:Q")
    )
    points = base.mark_circle(size=90, opacity=1).encode(x=alt.X("value:Q"))
    return alt.layer(intervals, points).properties(height=_HEIGHT)
