"""Charts of a training and of a hyperparameter search."""

import altair as alt
import pandas as pd

from core.charts.theme import BAR_HEIGHT, Chart, label_axis, percent_axis

_MAX_STEPS = 500


def training_curve(steps: pd.DataFrame, value: str, title: str) -> Chart:
    """A line of a value over optimizer steps, thinned to about 500 points. Columns: step and ``value``."""
    thinned = steps.iloc[:: max(1, len(steps) // _MAX_STEPS)][["step", value]]
    return (
        alt.Chart(thinned)
        .mark_line(point=len(thinned) <= 20)
        .encode(
            x=alt.X("step:Q", title="step"),
            y=alt.Y(f"{value}:Q", title=title, scale=alt.Scale(zero=False)),
            tooltip=[alt.Tooltip("step"), alt.Tooltip(value, format=".4g")],
        )
        .properties(height=200)
    )


def search_history(trials: pd.DataFrame, title: str) -> Chart:
    """A point for the value of each trial and a line for the best value so far. Columns: trial, value, state."""
    frame = trials[["trial", "value", "state"]].assign(best=trials["value"].cummax())
    base = alt.Chart(frame).encode(x=alt.X("trial:Q", title="trial", axis=alt.Axis(tickMinStep=1)))
    points = base.mark_circle(size=60).encode(
        y=alt.Y("value:Q", title=title, scale=alt.Scale(zero=False)),
        opacity=alt.OpacityValue(**alt.condition("datum.state == 'complete'", alt.value(0.9), alt.value(0.35))),
        tooltip=[alt.Tooltip("trial"), alt.Tooltip("value:Q", format=".4f"), alt.Tooltip("state")],
    )
    best = base.mark_line(interpolate="step-after", strokeDash=[4, 3]).encode(y=alt.Y("best:Q"))
    return alt.layer(best, points).properties(height=220)


def parameter_importance(shares: pd.DataFrame) -> Chart:
    """A bar for the importance of each setting in a search. Columns: setting, share."""
    return (
        alt.Chart(shares)
        .mark_bar(cornerRadiusEnd=3)
        .encode(
            x=alt.X("share:Q", axis=percent_axis(), title=None),
            y=alt.Y("setting:N", sort="-x", title=None, axis=label_axis()),
            tooltip=[alt.Tooltip("setting"), alt.Tooltip("share:Q", format=".0%")],
        )
        .properties(height=alt.Step(BAR_HEIGHT + 4))
    )


def parallel_coordinates(trials: pd.DataFrame, settings: list[str]) -> Chart:
    """A line for each trial through its settings, each setting on its own scale. Columns: trial, value, ``settings``."""
    values = trials[["trial", "value", *settings]].melt(["trial", "value"], var_name="setting", value_name="set to")
    values = values.astype({"set to": float})
    by_setting = values.groupby("setting")["set to"]
    low, high = by_setting.transform("min"), by_setting.transform("max")
    values["height"] = ((values["set to"] - low) / (high - low).where(high > low, 1.0)).where(high > low, 0.5)
    return (
        alt.Chart(values)
        .mark_line(point=True)
        .encode(
            x=alt.X("setting:N", title=None, sort=settings, axis=alt.Axis(labelAngle=0)),
            y=alt.Y("height:Q", axis=None),
            detail=alt.Detail("trial:N"),
            opacity=alt.Opacity("value:Q", scale=alt.Scale(range=[0.15, 1.0]), legend=None),
            tooltip=[
                alt.Tooltip("trial"),
                alt.Tooltip("value:Q", format=".4f"),
                alt.Tooltip("setting"),
                alt.Tooltip("set to:Q", format=".3g"),
            ],
        )
        .properties(height=240)
    )
