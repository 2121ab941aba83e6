"""DataFrame -> ``alt.Chart``. Colours and fonts come from the app's theme, light or dark; only meaning is set here."""

from typing import Any

import altair as alt
import pandas as pd

# Altair types what its methods return too loosely for more than this.
Chart = Any

_LIMIT = "#d1495b"
_BAR = 22
_MAX_POINTS = 500
_LABEL_PIXELS = 220
MAX_MAP_POINTS = 3_000


def class_counts(counts: pd.DataFrame) -> Chart:
    """Rows of each label, stacked by split. Columns: label and one column of counts for each split."""
    long = counts.melt("label", var_name="split", value_name="rows")
    order = list(counts.columns[1:])
    return (
        alt.Chart(long)
        .mark_bar()
        .encode(
            x=alt.X("rows:Q", title="rows", axis=alt.Axis(tickCount=6)),
            y=alt.Y("label:N", sort="-x", title=None, axis=alt.Axis(labelLimit=_LABEL_PIXELS)),
            color=alt.Color("split:N", sort=order, title=None, legend=alt.Legend(orient="top")),
            order=alt.Order("position:Q"),
            tooltip=["label", "split", "rows"],
        )
        .transform_calculate(position="indexof(" + str(order) + ", datum.split)")
        .properties(height=alt.Step(_BAR))
    )


def histogram(values: pd.Series, title: str, line: float | None = None) -> Chart:
    """Counts of a numeric series in bins, with an optional dashed line at a limit."""
    bins = pd.cut(values, bins=min(40, max(5, values.nunique())))
    counts = bins.value_counts(sort=False)
    frame = pd.DataFrame(
        {"start": [b.left for b in counts.index], "end": [b.right for b in counts.index], "rows": counts.to_numpy()}
    )
    bars = (
        alt.Chart(frame)
        .mark_bar()
        .encode(
            x=alt.X("start:Q", title=title, bin="binned"),
            x2="end:Q",
            y=alt.Y("rows:Q", title="rows"),
            tooltip=["start", "end", "rows"],
        )
    )
    marks = (
        []
        if line is None
        else [
            alt.Chart(pd.DataFrame({"limit": [line]}))
            .mark_rule(strokeDash=[5, 4], color=_LIMIT, size=2)
            .encode(x="limit:Q")
        ]
    )
    return alt.layer(bars, *marks).properties(height=220)


def cooccurrence(pairs: pd.DataFrame) -> Chart:
    """How often labels stand together, as a heat map. Columns: label, with, rows; the diagonal left out."""
    side = pairs["label"].nunique()
    axis = alt.Axis(labelLimit=160, labelOverlap=False)
    return (
        alt.Chart(pairs)
        .mark_rect()
        .encode(
            x=alt.X("with:N", title=None, axis=alt.Axis(labelLimit=160, labelAngle=-45, labelOverlap=False)),
            y=alt.Y("label:N", title=None, axis=axis),
            color=alt.Color("rows:Q", scale=alt.Scale(scheme="blues"), legend=None),
            tooltip=["label", "with", "rows"],
        )
        .properties(height=max(240, 20 * side + 100))
    )


def text_map(points: pd.DataFrame, title: str, is_score: bool) -> Chart:
    """Texts as points in two dimensions, thinned to ``MAX_MAP_POINTS``; a brush selects them under the name "brush".

    Columns: row, x, y, label.
    """
    brush = alt.selection_interval(name="brush")
    colour = alt.Color(
        "label:Q" if is_score else "label:N", title=title, legend=alt.Legend(symbolLimit=20, labelLimit=160)
    )
    hidden = alt.Axis(labels=False, ticks=False, domain=False, title=None, grid=False)
    return (
        alt.Chart(points[["row", "x", "y", "label"]])
        .mark_circle(size=45)
        .encode(
            x=alt.X("x:Q", axis=hidden, scale=alt.Scale(zero=False)),
            y=alt.Y("y:Q", axis=hidden, scale=alt.Scale(zero=False)),
            color=colour,
            opacity=alt.condition(brush, alt.value(0.75), alt.value(0.12)),
            tooltip=["label"],
        )
        .add_params(brush)
        .properties(height=460)
    )


def probabilities(named: dict[str, float], most: int = 20) -> Chart:
    """A bar for each label, likeliest first, at most ``most`` of them."""
    frame = pd.DataFrame(list(named.items())[:most], columns=["label", "probability"])
    base = alt.Chart(frame).encode(y=alt.Y("label:N", sort=None, title=None, axis=alt.Axis(labelLimit=_LABEL_PIXELS)))
    bars = base.mark_bar(cornerRadiusEnd=3).encode(
        x=alt.X("probability:Q", scale=alt.Scale(domain=[0, 1]), axis=alt.Axis(format="%", tickCount=5), title=None),
        tooltip=["label", alt.Tooltip("probability:Q", format=".1%")],
    )
    numbers = base.mark_text(align="left", dx=4).encode(
        x="probability:Q", text=alt.Text("probability:Q", format=".0%"), color=alt.value("gray")
    )
    return alt.layer(bars, numbers).properties(height=alt.Step(_BAR + 4))


def training_curve(steps: pd.DataFrame, value: str, title: str) -> Chart:
    """A value over optimiser steps as a line, thinned to 500 points. Columns: step and ``value``."""
    thin = steps.iloc[:: max(1, len(steps) // _MAX_POINTS)][["step", value]]
    return (
        alt.Chart(thin)
        .mark_line(point=len(thin) <= 20)
        .encode(
            x=alt.X("step:Q", title="step"),
            y=alt.Y(f"{value}:Q", title=title, scale=alt.Scale(zero=False)),
            tooltip=["step", alt.Tooltip(value, format=".4g")],
        )
        .properties(height=200)
    )


def search_history(trials: pd.DataFrame, title: str) -> Chart:
    """The value of each trial as a point, and the best so far as a line. Columns: trial, value, state."""
    frame = trials[["trial", "value", "state"]].assign(best=trials["value"].cummax())
    base = alt.Chart(frame).encode(x=alt.X("trial:Q", title="trial", axis=alt.Axis(tickMinStep=1)))
    points = base.mark_circle(size=60).encode(
        y=alt.Y("value:Q", title=title, scale=alt.Scale(zero=False)),
        opacity=alt.condition("datum.state == 'complete'", alt.value(0.9), alt.value(0.35)),
        tooltip=["trial", alt.Tooltip("value:Q", format=".4f"), "state"],
    )
    line = base.mark_line(interpolate="step-after", strokeDash=[4, 3]).encode(y="best:Q")
    return alt.layer(line, points).properties(height=220)


def importance(shares: pd.DataFrame) -> Chart:
    """A bar for each setting. Columns: setting, share."""
    return (
        alt.Chart(shares)
        .mark_bar(cornerRadiusEnd=3)
        .encode(
            x=alt.X("share:Q", axis=alt.Axis(format="%", tickCount=5), title=None),
            y=alt.Y("setting:N", sort="-x", title=None, axis=alt.Axis(labelLimit=_LABEL_PIXELS)),
            tooltip=["setting", alt.Tooltip("share:Q", format=".0%")],
        )
        .properties(height=alt.Step(_BAR + 4))
    )


def parallel_coordinates(trials: pd.DataFrame, names: list[str]) -> Chart:
    """A line for each trial over its settings, each on a scale of its own. Columns: trial, value, names."""
    long = trials[["trial", "value", *names]].melt(["trial", "value"], var_name="setting", value_name="set to")
    long = long.astype({"set to": float})
    span = long.groupby("setting")["set to"]
    low, high = span.transform("min"), span.transform("max")
    long["height"] = ((long["set to"] - low) / (high - low).where(high > low, 1.0)).where(high > low, 0.5)
    return (
        alt.Chart(long)
        .mark_line(point=True)
        .encode(
            x=alt.X("setting:N", title=None, sort=names, axis=alt.Axis(labelAngle=0)),
            y=alt.Y("height:Q", axis=None),
            detail="trial:N",
            opacity=alt.Opacity("value:Q", scale=alt.Scale(range=[0.15, 1.0]), legend=None),
            tooltip=["trial", alt.Tooltip("value:Q", format=".4f"), "setting", alt.Tooltip("set to:Q", format=".3g")],
        )
        .properties(height=240)
    )
