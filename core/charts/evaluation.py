"""Charts of an evaluation, for the Evaluate page and the report. Each draws at most 5,000 points."""

from typing import Any

import altair as alt
import pandas as pd

from core.charts.theme import (
    BAR_HEIGHT,
    DARK_TEXT_COLOR,
    DASHES,
    HEATMAP_LABEL_WIDTH,
    LABEL_WIDTH,
    LIMIT_COLOR,
    MAX_POINTS,
    NEGATIVE_COLOR,
    POSITIVE_COLOR,
    Chart,
    diagonal,
    label_axis,
    limit_line,
    percent_axis,
    share_scale,
)

_MANY_CLASSES = 15


def metric_intervals(estimates: pd.DataFrame) -> Chart:
    """A point with its interval for each metric and source of predictions. Columns: metric, source, value, low, high."""
    sources = list(dict.fromkeys(estimates["source"]))
    legend = alt.Legend(orient="top", columns=2, labelLimit=LABEL_WIDTH)
    base = alt.Chart(estimates.dropna(subset=["value"])).encode(
        y=alt.Y("metric:N", sort=None, title=None, axis=label_axis()),
        yOffset=alt.YOffset("source:N", sort=sources),
        color=alt.Color("source:N", sort=sources, title=None, legend=legend),
    )
    tooltip = [
        alt.Tooltip("metric"),
        alt.Tooltip("source"),
        *(alt.Tooltip(f"{name}:Q", format=".3f") for name in ("value", "low", "high")),
    ]
    x = alt.X("low:Q", title=None, scale=alt.Scale(zero=False, nice=True), axis=alt.Axis(tickCount=6))
    intervals = base.mark_rule(size=2).encode(x=x, x2=alt.X2("high:Q"), tooltip=tooltip)
    points = base.mark_circle(size=60, opacity=1).encode(x=alt.X("value:Q"), tooltip=tooltip)
    return alt.layer(intervals, points).properties(height=alt.Step(14))


def confusion_matrix(cells: pd.DataFrame, as_percent: bool) -> Chart:
    """A heat map of actual by predicted class; clicking a cell selects it under the name "cell".

    Columns: actual, predicted, count, share. The color is the share of the actual class, so that rare classes are visible.
    """
    classes = list(dict.fromkeys(cells["actual"]))
    many = len(classes) > _MANY_CLASSES
    selection = alt.selection_point(name="cell", fields=["actual", "predicted"], toggle=False)
    axis: dict[str, Any] = {
        "labelLimit": HEATMAP_LABEL_WIDTH,
        "labelFontSize": 9 if many else 11,
        "labelOverlap": False,
    }
    scale = alt.Scale(domain=classes)
    base = alt.Chart((cells[cells["count"] > 0] if many else cells).fillna({"share": 0.0})).encode(
        x=alt.X("predicted:N", scale=scale, title="predicted", axis=alt.Axis(**axis, labelAngle=-90 if many else -45)),
        y=alt.Y("actual:N", scale=scale, title="actual", axis=alt.Axis(**axis)),
        tooltip=[
            alt.Tooltip("actual"),
            alt.Tooltip("predicted"),
            alt.Tooltip("count"),
            alt.Tooltip("share:Q", format=".0%"),
        ],
    )
    squares = base.mark_rect(cursor="pointer").encode(
        color=alt.Color("share:Q", scale=alt.Scale(range="heatmap", domain=[0, 1]), legend=None),
        opacity=alt.OpacityValue(**alt.condition(selection, alt.value(1.0), alt.value(0.45))),
    )
    # Only the squares take the selection: the numbers on top of them must not swallow clicks.
    layers = alt.layer(squares.add_params(selection), _cell_numbers(base, as_percent, many))
    return layers.properties(height=max(320, min(1_160, (12 if many else 42) * len(classes) + 160)))


def _cell_numbers(base: Chart, as_percent: bool, many: bool) -> Chart:
    """The numbers in the cells; with many classes only those off the diagonal, and without percent signs."""
    share = alt.Text("percent:Q", format=".0f") if many else alt.Text("share:Q", format=".0%")
    visible = "datum.count > 0 && datum.actual != datum.predicted" if many else "datum.count > 0"
    numbers = (
        base.transform_filter(visible)
        .transform_calculate(percent="100 * datum.share")
        .mark_text(fontSize=8 if many else 11, cursor="pointer")
    )
    # The colors of the squares are those of the theme; white and the dark text have the same contrast at this luminance.
    is_light = "luminance(scale('color', datum.share)) > 0.2"
    color = alt.ColorValue(**alt.condition(is_light, alt.value(DARK_TEXT_COLOR), alt.value("white")))
    return numbers.encode(text=share if as_percent else alt.Text("count:Q"), color=color)


def predicted_vs_actual(prediction_table: pd.DataFrame, max_points: int = 2_000) -> Chart:
    """Predicted over actual values, with the line on which a perfect model would lie. Columns: actual, predicted."""
    points = prediction_table[["actual", "predicted"]].astype(float)
    points = points.sample(max_points, random_state=0) if len(points) > max_points else points
    low, high = float(points.min().min()), float(points.max().max())
    dots = (
        alt.Chart(points)
        .mark_circle(opacity=0.6, size=40)
        .encode(
            x=alt.X("actual:Q", title="actual"),
            y=alt.Y("predicted:Q", title="predicted"),
            tooltip=[alt.Tooltip("actual"), alt.Tooltip("predicted:Q", format=".2f")],
        )
    )
    return alt.layer(diagonal("actual", "predicted", low, high), dots).properties(height=360)


def threshold_curve(
    points: pd.DataFrame, operating_points: pd.DataFrame, x: str, y: str, titles: tuple[str, str]
) -> Chart:
    """An ROC or precision-recall curve of each label, with a ring at the operating point.

    Columns of both: label, threshold and those named by ``x`` and ``y``, whose axis titles are ``titles``.
    """
    labels = list(dict.fromkeys(points["label"]))
    max_per_label = max(2, MAX_POINTS // max(1, len(labels)))
    step = max(1, -(-len(points) // (max_per_label * max(1, len(labels)))))
    thinned = points.groupby("label", sort=False, group_keys=False).nth(slice(None, None, step)) if step > 1 else points
    finite = thinned.replace([float("inf"), float("-inf")], 1.0)
    encoding: dict[str, Any] = {
        "x": alt.X(f"{x}:Q", title=titles[0], scale=share_scale(), axis=percent_axis()),
        "y": alt.Y(f"{y}:Q", title=titles[1], scale=share_scale(), axis=percent_axis()),
        "color": alt.Color("label:N", sort=labels, title=None, legend=alt.Legend(orient="bottom", columns=2)),
    }
    tooltip = [alt.Tooltip("label"), *(alt.Tooltip(f"{name}:Q", format=".3f") for name in ("threshold", x, y))]
    lines = (
        alt.Chart(finite)
        .mark_line(interpolate="linear")
        .encode(**encoding, order=alt.Order("position:O"), tooltip=tooltip)
    )
    lines = lines.transform_window(position="row_number()", groupby=["label"])
    rings = alt.Chart(operating_points.dropna(subset=[x, y])).mark_point(size=110, strokeWidth=2.5, filled=False)
    return alt.layer(lines, rings.encode(**encoding, tooltip=tooltip)).properties(height=340)


def reliability_diagram(bins: pd.DataFrame) -> Chart:
    """The accuracy of predictions by their confidence, with intervals, over wide bars where a calibrated model's points lie.

    Columns: those of :func:`core.evaluation.decisions.calibration.calibration_curve`, and version (before or after scaling).
    """
    versions = list(dict.fromkeys(bins["version"]))
    base = alt.Chart(bins).encode(
        x=alt.X("confidence:Q", title="confidence", scale=share_scale(), axis=percent_axis()),
        color=alt.Color(
            "version:N", sort=versions, title=None, legend=alt.Legend(orient="top", symbolOpacity=1, columns=1)
        ),
        tooltip=[
            alt.Tooltip("version"),
            alt.Tooltip("confidence:Q", format=".1%"),
            alt.Tooltip("share:Q", format=".1%", title="accuracy"),
            alt.Tooltip("rows"),
        ],
    )
    axis: dict[str, Any] = {"title": "accuracy", "scale": share_scale(), "axis": percent_axis()}
    lines = base.mark_line(point=alt.OverlayMarkDef(size=50)).encode(y=alt.Y("share:Q", **axis))
    intervals = base.mark_rule(opacity=0.45).encode(y=alt.Y("share_low:Q", **axis), y2=alt.Y2("share_high:Q"))
    by_chance = base.mark_rule(opacity=0.12, strokeWidth=10).encode(
        y=alt.Y("chance_low:Q", **axis), y2=alt.Y2("chance_high:Q")
    )
    return alt.layer(by_chance, diagonal("confidence", "share", 0, 1), intervals, lines).properties(height=340)


def risk_coverage(points: pd.DataFrame, chosen_coverage: float | None) -> Chart:
    """The error rate over the share of texts that are predicted. Columns: coverage, risk, threshold."""
    line = (
        alt.Chart(points)
        .mark_line()
        .encode(
            x=alt.X("coverage:Q", title="share of texts predicted", scale=share_scale(), axis=percent_axis()),
            y=alt.Y("risk:Q", title="error rate", axis=percent_axis()),
            tooltip=[alt.Tooltip(f"{name}:Q", format=".1%") for name in ("coverage", "risk", "threshold")],
        )
    )
    layers = [line] if chosen_coverage is None else [line, limit_line(chosen_coverage, "coverage")]
    return alt.layer(*layers).properties(height=260)


def learning_curve(points: pd.DataFrame, curve: pd.DataFrame, title: str) -> Chart:
    """Scores over training rows, the fitted curve, and intervals of projected scores.

    Columns of both: rows, score; of ``curve`` also low and high, which are empty except at projected scores.
    """
    x = alt.X("rows:Q", title="training rows", scale=alt.Scale(type="log", nice=False))
    dots = (
        alt.Chart(points)
        .mark_circle(size=90, opacity=1)
        .encode(
            x=x,
            y=alt.Y("score:Q", title=title, scale=alt.Scale(zero=False)),
            tooltip=[alt.Tooltip("rows"), alt.Tooltip("score")],
        )
    )
    line = alt.Chart(curve).mark_line(strokeDash=DASHES).encode(x=x, y=alt.Y("score:Q"))
    projected = alt.Chart(curve.dropna(subset=["low"]))
    intervals = projected.mark_rule(size=2, color=LIMIT_COLOR).encode(x=x, y=alt.Y("low:Q"), y2=alt.Y2("high:Q"))
    return alt.layer(line, intervals, dots).properties(height=300)


def important_words(words: pd.DataFrame, title: str) -> Chart:
    """Horizontal bars to the right for words with a positive score, to the left for the others. Columns: word, score, texts."""
    base = alt.Chart(words).encode(y=alt.Y("word:N", sort=words["word"].tolist(), title=None, axis=label_axis()))
    bars = base.mark_bar().encode(
        x=alt.X("score:Q", title=title, axis=alt.Axis(tickCount=6)),
        color=alt.ColorValue(**alt.condition("datum.score > 0", alt.value(POSITIVE_COLOR), alt.value(NEGATIVE_COLOR))),
        tooltip=[alt.Tooltip("word"), alt.Tooltip("score:Q", format="+.2f"), alt.Tooltip("texts")],
    )
    return bars.properties(height=alt.Step(BAR_HEIGHT))


def cost_and_score(points: pd.DataFrame, chosen_share: float) -> Chart:
    """The score over the share of texts that the model computes; dashed is the chosen share. Columns: share, score."""
    line = (
        alt.Chart(points)
        .mark_line(point=alt.OverlayMarkDef(size=40))
        .encode(
            x=alt.X(
                "share:Q", title="share of texts that the model computes", scale=share_scale(), axis=percent_axis()
            ),
            y=alt.Y("score:Q", title="accuracy", scale=alt.Scale(zero=False), axis=percent_axis()),
            tooltip=[alt.Tooltip(f"{name}:Q", format=".1%") for name in ("share", "score")],
        )
    )
    return alt.layer(line, limit_line(chosen_share, "share")).properties(height=300)
