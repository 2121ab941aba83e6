"""Charts of a dataset: label counts, histograms, labels that occur together and the map of texts."""

from typing import Any

import altair as alt
import pandas as pd

from core.charts.theme import BAR_HEIGHT, HEATMAP_LABEL_WIDTH, Chart, label_axis, limit_line

MAX_MAP_POINTS = 3_000


def class_counts(counts: pd.DataFrame) -> Chart:
    """A bar for each label with its number of rows, stacked by split. Columns: label and one of counts for each split."""
    rows_by_split = counts.melt("label", var_name="split", value_name="rows")
    splits = list(counts.columns[1:])
    return (
        alt.Chart(rows_by_split)
        .mark_bar()
        .encode(
            x=alt.X("rows:Q", title="rows", axis=alt.Axis(tickCount=6)),
            y=alt.Y("label:N", sort="-x", title=None, axis=label_axis()),
            color=alt.Color("split:N", sort=splits, title=None, legend=alt.Legend(orient="top")),
            order=alt.Order("position:Q"),
            tooltip=[alt.Tooltip("label"), alt.Tooltip("split"), alt.Tooltip("rows")],
        )
        .transform_calculate(position=f"indexof({splits}, datum.split)")
        .properties(height=alt.Step(BAR_HEIGHT))
    )


def histogram(values: pd.Series, title: str, limit: float | None = None) -> Chart:
    """A histogram of numbers with an optional dashed line at ``limit``."""
    counts = pd.cut(values, bins=min(40, max(5, values.nunique()))).value_counts(sort=False)
    bins = pd.DataFrame(
        {"start": [b.left for b in counts.index], "end": [b.right for b in counts.index], "rows": counts.to_numpy()}
    )
    bars = (
        alt.Chart(bins)
        .mark_bar()
        .encode(
            x=alt.X("start:Q", title=title, bin="binned"),
            x2=alt.X2("end:Q"),
            y=alt.Y("rows:Q", title="rows"),
            tooltip=[alt.Tooltip("start"), alt.Tooltip("end"), alt.Tooltip("rows")],
        )
    )
    layers = [bars] if limit is None else [bars, limit_line(limit, "limit")]
    return alt.layer(*layers).properties(height=220)


def label_cooccurrence(pairs: pd.DataFrame) -> Chart:
    """A heat map of how often two labels occur together. Columns: label, with, rows; without the diagonal."""
    axis: dict[str, Any] = {"labelLimit": HEATMAP_LABEL_WIDTH, "labelOverlap": False}
    return (
        alt.Chart(pairs)
        .mark_rect()
        .encode(
            x=alt.X("with:N", title=None, axis=alt.Axis(**axis, labelAngle=-45)),
            y=alt.Y("label:N", title=None, axis=alt.Axis(**axis)),
            color=alt.Color("rows:Q", legend=None),
            tooltip=[alt.Tooltip("label"), alt.Tooltip("with"), alt.Tooltip("rows")],
        )
        .properties(height=max(240, 20 * pairs["label"].nunique() + 100))
    )


def text_map(points: pd.DataFrame, title: str, is_score: bool) -> Chart:
    """Texts as points in two dimensions; a brush selects some of them under the name "brush".

    Columns: row, x, y, label. Pass at most ``MAX_MAP_POINTS`` rows.
    """
    brush = alt.selection_interval(name="brush")
    color = alt.Color(
        "label:Q" if is_score else "label:N", title=title, legend=alt.Legend(symbolLimit=20, labelLimit=160)
    )
    hidden = alt.Axis(labels=False, ticks=False, domain=False, title=None, grid=False)
    return (
        alt.Chart(points[["row", "x", "y", "label"]])
        .mark_circle(size=45)
        .encode(
            x=alt.X("x:Q", axis=hidden, scale=alt.Scale(zero=False)),
            y=alt.Y("y:Q", axis=hidden, scale=alt.Scale(zero=False)),
            color=color,
            opacity=alt.OpacityValue(**alt.condition(brush, alt.value(0.75), alt.value(0.12))),
            tooltip=[alt.Tooltip("label")],
        )
        .add_params(brush)
        .properties(height=460)
    )
