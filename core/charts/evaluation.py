"""Charts of Evaluate and of reports: DataFrame -> ``alt.Chart``, at most 5,000 points. Colours come from the app's theme."""

from typing import Any

import altair as alt
import pandas as pd

Chart = Any

MAX_POINTS = 5_000
_LIMIT = "#d1495b"
_LABEL_PIXELS = 220
_MANY_CLASSES = 15


def intervals(frame: pd.DataFrame) -> Chart:
    """A point with its interval for each measure and side. Columns: measure, who, value, low, high."""
    source = list(dict.fromkeys(frame["source"]))
    y = alt.Y("metric:N", sort=None, title=None, axis=alt.Axis(labelLimit=_LABEL_PIXELS))
    colour = alt.Color(
        "who:N", sort=source, title=None, legend=alt.Legend(orient="top", columns=2, labelLimit=_LABEL_PIXELS)
    )
    base = alt.Chart(frame.dropna(subset=["value"])).encode(
        y=y, yOffset=alt.YOffset("who:N", sort=source), color=colour
    )
    tooltip = ["metric", "source", *(alt.Tooltip(f"{name}:Q", format=".3f") for name in ("value", "low", "high"))]
    x = alt.X("low:Q", title=None, scale=alt.Scale(zero=False, nice=True), axis=alt.Axis(tickCount=6))
    rules = base.mark_rule(size=2).encode(x=x, x2="high:Q", tooltip=tooltip)
    points = base.mark_circle(size=60, opacity=1).encode(x="value:Q", tooltip=tooltip)
    return alt.layer(rules, points).properties(height=alt.Step(14))


def confusion(cells: pd.DataFrame, shares: bool) -> Chart:
    """Actual by predicted class as a heat map; clicking a cell selects it under the name "cell".

    Columns: actual, predicted, count, share. The colour is the share of the actual class: rare classes show too.
    """
    order = list(dict.fromkeys(cells["actual"]))
    many = len(order) > _MANY_CLASSES
    selection = alt.selection_point(name="cell", fields=["actual", "predicted"], toggle=False)
    font = 9 if many else 11
    axis = alt.Axis(labelLimit=160, labelFontSize=font, labelOverlap=False)
    where = alt.Scale(domain=order)
    base = alt.Chart((cells[cells["count"] > 0] if many else cells).fillna({"share": 0.0})).encode(
        x=alt.X(
            "predicted:N",
            scale=where,
            title="predicted",
            axis=alt.Axis(
                labelLimit=160,
                labelAngle=-90 if many else -45,
                labelFontSize=font,
                labelOverlap=False,
            ),
        ),
        y=alt.Y("actual:N", scale=where, title="actual", axis=axis),
        tooltip=["actual", "predicted", "count", alt.Tooltip("share:Q", format=".0%")],
    )
    squares = base.mark_rect(cursor="pointer").encode(
        color=alt.Color("share:Q", scale=alt.Scale(scheme="blues", domain=[0, 1]), legend=None),
        opacity=alt.condition(selection, alt.value(1.0), alt.value(0.45)),
    )
    # Where cells are small a share goes without its percent sign.
    share = alt.Text("percent:Q", format=".0f") if many else alt.Text("share:Q", format=".0%")
    text = share if shares else alt.Text("count:Q")
    shown = "datum.count > 0 && datum.actual != datum.predicted" if many else "datum.count > 0"
    numbers = (
        base.transform_filter(shown)
        .transform_calculate(percent="100 * datum.share")
        .mark_text(fontSize=8 if many else 11, cursor="pointer")
    )
    # The parameter stands on the squares alone: the numbers above must not swallow the click.
    layers = [
        squares.add_params(selection),
        numbers.encode(text=text, color=alt.condition("datum.share > 0.5", alt.value("white"), alt.value("#20304a"))),
    ]
    size = max(320, min(1_160, (12 if many else 42) * len(order) + 160))
    return alt.layer(*layers).properties(height=size)


def predicted_against_actual(prediction_table: pd.DataFrame, most: int = 2_000) -> Chart:
    """Predicted over actual score, with the line on which a perfect model would lie. Columns: actual, predicted."""
    points = prediction_table[["actual", "predicted"]].astype(float)
    points = points.sample(most, random_state=0) if len(points) > most else points
    low, high = float(points.min().min()), float(points.max().max())
    dots = (
        alt.Chart(points)
        .mark_circle(opacity=0.6, size=40)
        .encode(
            x=alt.X("actual:Q", title="actual"),
            y=alt.Y("predicted:Q", title="predicted"),
            tooltip=["actual", alt.Tooltip("predicted:Q", format=".2f")],
        )
    )
    return alt.layer(_diagonal("actual", "predicted", low, high), dots).properties(height=360)


def curve(points: pd.DataFrame, working: pd.DataFrame, x: str, y: str, titles: tuple[str, str]) -> Chart:
    """A line for each label through ``x`` and ``y``, a ring where it works. Columns: label, threshold, x, y."""
    most = max(2, MAX_POINTS // max(1, points["label"].nunique()))
    step = max(1, -(-len(points) // (most * max(1, points["label"].nunique()))))
    thin = points.groupby("label", sort=False, group_keys=False).nth(slice(None, None, step)) if step > 1 else points
    finite = thin.replace([float("inf"), float("-inf")], 1.0)
    labels = list(dict.fromkeys(points["label"]))
    share = alt.Scale(domain=[0, 1])
    encoding = {
        "x": alt.X(f"{x}:Q", title=titles[0], scale=share, axis=alt.Axis(format="%", tickCount=5)),
        "y": alt.Y(f"{y}:Q", title=titles[1], scale=share, axis=alt.Axis(format="%", tickCount=5)),
        "color": alt.Color("label:N", sort=labels, title=None, legend=alt.Legend(orient="bottom", columns=2)),
    }
    tooltip = ["label", *(alt.Tooltip(f"{name}:Q", format=".3f") for name in ("threshold", x, y))]
    lines = alt.Chart(finite).mark_line(interpolate="linear").encode(**encoding, order="position:O", tooltip=tooltip)
    lines = lines.transform_window(position="row_number()", groupby=["label"])
    rings = alt.Chart(working.dropna(subset=[x, y])).mark_point(size=110, strokeWidth=2.5, filled=False)
    return alt.layer(lines, rings.encode(**encoding, tooltip=tooltip)).properties(height=340)


def reliability(bins: pd.DataFrame) -> Chart:
    """How often answers of a probability are right, with intervals.

    Columns: which, confidence, share, share_low, share_high, rows.
    """
    which = list(dict.fromkeys(bins["which"]))
    share = alt.Scale(domain=[0, 1])
    axis = alt.Axis(format="%", tickCount=5)
    base = alt.Chart(bins).encode(
        x=alt.X("confidence:Q", title="how sure the model is", scale=share, axis=axis),
        color=alt.Color("which:N", sort=which, title=None, legend=alt.Legend(orient="top", symbolOpacity=1)),
        tooltip=[
            "which",
            alt.Tooltip("confidence:Q", format=".1%"),
            alt.Tooltip("share:Q", format=".1%", title="right"),
            "rows",
        ],
    )
    y = alt.Y("share:Q", title="how often it is right", scale=share, axis=axis)
    lines = base.mark_line(point=alt.OverlayMarkDef(size=50)).encode(y=y)
    spans = base.mark_rule(opacity=0.45).encode(
        y=alt.Y("share_low:Q", scale=share, title="how often it is right", axis=axis), y2="share_high:Q"
    )
    return alt.layer(_diagonal("confidence", "share", 0, 1), spans, lines).properties(height=340)


def risk_coverage(points: pd.DataFrame, chosen: float | None) -> Chart:
    """The share of wrong answers over the share of texts answered. Columns: coverage, risk, threshold; ``chosen``: a coverage."""
    axis = alt.Axis(format="%", tickCount=5)
    line = (
        alt.Chart(points)
        .mark_line()
        .encode(
            x=alt.X("coverage:Q", title="share of texts answered", scale=alt.Scale(domain=[0, 1]), axis=axis),
            y=alt.Y("risk:Q", title="wrong among the answers", axis=alt.Axis(format="%", tickCount=5)),
            tooltip=[alt.Tooltip(f"{name}:Q", format=".1%") for name in ("coverage", "risk", "threshold")],
        )
    )
    if chosen is None:
        return line.properties(height=260)
    rule = alt.Chart(pd.DataFrame({"coverage": [chosen]})).mark_rule(strokeDash=[5, 4], size=2, color=_LIMIT)
    rule = rule.encode(x="coverage:Q")
    return alt.layer(line, rule).properties(height=260)


def learning_curve(points: pd.DataFrame, fitted: pd.DataFrame, title: str) -> Chart:
    """Scores over training rows, the curve through them, and what is promised.

    Columns of both: rows, score; of ``fitted`` also low and high, set where something is promised.
    """
    x = alt.X("rows:Q", title="training rows", scale=alt.Scale(type="log", nice=False))
    dots = (
        alt.Chart(points)
        .mark_circle(size=90, opacity=1)
        .encode(x=x, y=alt.Y("score:Q", title=title, scale=alt.Scale(zero=False)), tooltip=["rows", "score"])
    )
    line = alt.Chart(fitted).mark_line(strokeDash=[5, 4]).encode(x=x, y="score:Q")
    promised = alt.Chart(fitted.dropna(subset=["low"]))
    span = promised.mark_rule(size=2, color=_LIMIT).encode(x=x, y="low:Q", y2="high:Q")
    return alt.layer(line, span, dots).properties(height=300)


def _diagonal(x: str, y: str, low: float, high: float) -> Chart:
    ends = pd.DataFrame({x: [low, high], y: [low, high]})
    return alt.Chart(ends).mark_line(strokeDash=[5, 4], color="gray").encode(x=f"{x}:Q", y=f"{y}:Q")
