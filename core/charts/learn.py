"""Charts of the lesson on the page Learn."""

from typing import Any

import altair as alt
import pandas as pd

from core.charts.theme import DASHES, Chart, limit_line, percent_axis, share_scale

_CELL = 27
_HEIGHT = 300
_TEXT_WIDTH = 130
# Positions are two digits and a space before the word piece: the same piece can occur twice, and the axis shows only the piece.
_PIECE_OF_LABEL = "slice(datum.label, 3)"


def piece_heatmap(cells: pd.DataFrame, vertical: str, horizontal: str, value: str) -> Chart:
    """A heat map of a value for pairs of word pieces. Columns: row, column (positions) and those that are named.

    Colors go from the background at 0 or less to the strongest color at 1.
    """
    table = cells.assign(
        **{f"{name}_position": cells[position].map("{:02d} ".format) + cells[name] for name, position in
           ((vertical, "row"), (horizontal, "column"))}
    )  # fmt: skip
    axis: dict[str, Any] = {"labelExpr": _PIECE_OF_LABEL, "labelOverlap": False, "ticks": False, "domain": False}
    rows = cells["row"].max() + 1
    return (
        alt.Chart(table)
        .mark_rect(cornerRadius=2)
        .encode(
            x=alt.X(f"{horizontal}_position:N", title=None, axis=alt.Axis(orient="top", labelAngle=-50, **axis)),
            y=alt.Y(f"{vertical}_position:N", title=None, axis=alt.Axis(**axis)),
            color=alt.Color(
                f"{value}:Q",
                scale=alt.Scale(domain=[0, 1], clamp=True),
                legend=alt.Legend(orient="bottom", title=value, gradientLength=160, tickCount=3),
            ),
            tooltip=[vertical, horizontal, alt.Tooltip(f"{value}:Q", format=".2f")],
        )
        .properties(height=_CELL * int(rows) + 110)
    )


def before_and_after(probabilities: pd.DataFrame) -> Chart:
    """Bars of a probability before and after a training step for each text. Columns: text, when, probability."""
    legend = alt.Legend(orient="top", symbolOpacity=1)
    base = alt.Chart(probabilities).encode(
        y=alt.Y("text:N", sort=None, title=None, axis=alt.Axis(labelLimit=_TEXT_WIDTH, ticks=False, domain=False)),
        yOffset=alt.YOffset("when:N", sort=None),
        x=alt.X("probability:Q", title=None, scale=share_scale(), axis=percent_axis()),
        tooltip=[alt.Tooltip("text"), alt.Tooltip("when"), alt.Tooltip("probability:Q", format=".1%")],
    )
    bars = base.mark_bar(cornerRadiusEnd=3).encode(color=alt.Color("when:N", sort=None, title=None, legend=legend))
    # At the right end of the axis, where no bar of a single step reaches.
    numbers = base.mark_text(align="right", color="gray").encode(
        x=alt.datum(1.0), text=alt.Text("probability:Q", format=".1%")
    )
    return alt.layer(bars, numbers, limit_line(0.5, "probability")).properties(height=alt.Step(26))


def loss_curves(history: pd.DataFrame, best_step: int, last_step: int) -> Chart:
    """The training and the held-out loss by step, with a dashed line at the best step.

    Columns: step, train_loss, held_out_loss.
    """
    names = {"train_loss": "12 training reviews", "held_out_loss": "16 new reviews"}
    losses = history.rename(columns=names).melt("step", list(names.values()), var_name="reviews", value_name="loss")
    lines = (
        alt.Chart(losses)
        .mark_line(strokeWidth=2.5)
        .encode(
            x=alt.X("step:Q", title="training step", scale=alt.Scale(domain=[0, last_step])),
            y=alt.Y("loss:Q", title="loss", scale=alt.Scale(zero=True)),
            color=alt.Color(
                "reviews:N",
                sort=list(names.values()),
                title=None,
                legend=alt.Legend(orient="top", labelLimit=200, symbolType="stroke"),
            ),
            tooltip=[alt.Tooltip("reviews"), alt.Tooltip("step"), alt.Tooltip("loss:Q", format=".3f")],
        )
    )
    return alt.layer(lines, limit_line(best_step, "step")).properties(height=_HEIGHT)


def interval_by_rows(intervals: pd.DataFrame, rows: int, accuracy: float) -> Chart:
    """A band from low to high over the number of test rows, with the chosen number. Columns: rows, low, high."""
    x = alt.X("rows:Q", title="test rows", scale=alt.Scale(type="log", nice=False), axis=alt.Axis(tickCount=4))
    band = (
        alt.Chart(intervals)
        .mark_area(opacity=0.35)
        .encode(
            x=x,
            y=alt.Y("low:Q", title="accuracy", scale=alt.Scale(domain=[0, 1]), axis=percent_axis()),
            y2=alt.Y2("high:Q"),
            tooltip=[alt.Tooltip("rows"), *(alt.Tooltip(f"{end}:Q", format=".1%") for end in ("low", "high"))],
        )
    )
    measured = (
        alt.Chart(pd.DataFrame({"accuracy": [accuracy]})).mark_rule(strokeDash=DASHES).encode(y=alt.Y("accuracy:Q"))
    )
    return alt.layer(band, measured, limit_line(rows, "rows")).properties(height=_HEIGHT)
