"""Step 7: a confusion matrix by hand, calibrated confidence, and an interval that narrows with test rows."""

from collections.abc import Callable
from typing import Final

import pandas as pd
import streamlit as st

from core.charts.evaluation import confusion_matrix, reliability_diagram
from core.charts.learn import interval_by_rows as interval_chart
from core.evaluation.statistics.intervals import wilson_interval
from core.formatting import format_percent, format_range
from core.lessons.evaluation import BinaryCounts, interval_by_rows, reliability, simulate_confidence
from pages.sections.learn.layout import explanation_and_picture

_POSITIVE, _NEGATIVE = "urgent", "not urgent"
_MAX_COUNT = 10_000


def show_evaluation() -> None:
    """Draw the step: one of its three pictures."""
    name = st.segmented_control(
        "Picture",
        list(_PICTURES),
        default=next(iter(_PICTURES)),
        required=True,
        key="learn-picture",
        persist_state="session",
        label_visibility="collapsed",
        wrap=False,
    )
    _PICTURES[name or next(iter(_PICTURES))]()


def _show_counts() -> None:
    words, picture = explanation_and_picture()
    with words:
        st.markdown(
            "Each test message is in one cell: what it **is** by what was **predicted**. All metrics are made of these four "
            "counts. Change them."
        )
        cells = st.columns(2)
        counts = BinaryCounts(
            _count(cells[0], "Urgent, found", 12, "tp"),
            _count(cells[1], "Urgent, missed", 8, "fn"),
            _count(cells[0], "False alarm", 5, "fp"),
            _count(cells[1], "Not urgent, correct", 175, "tn"),
        )
        worked = counts.worked_metrics()
        st.markdown(_table(worked))
        accuracy, recall = worked["value"].iloc[0], worked["value"].iloc[2]
        if recall < accuracy:
            st.markdown(
                f"Accuracy says {format_percent(accuracy, 0)}, yet only {format_percent(recall, 0)} of the urgent messages "
                "are found."
            )
    with picture:
        chart = confusion_matrix(counts.cells(_POSITIVE, _NEGATIVE), as_percent=False)
        st.altair_chart(chart, alt="Confusion matrix of the four counts")


def _count(place: "st.delta_generator.DeltaGenerator", label: str, value: int, key: str) -> int:
    return int(place.number_input(label, 0, _MAX_COUNT, value, key=f"learn-count-{key}", persist_state="session"))


def _table(worked: pd.DataFrame) -> str:
    lines = ["| Metric | Calculation | Value |", "|---|---|--:|"]
    lines += [
        f"| {name} | {sum_} | **{format_percent(value)}** |" for name, sum_, value in worked.itertuples(index=False)
    ]
    return "\n".join(lines)


def _show_calibration() -> None:
    words, picture = explanation_and_picture()
    with words:
        st.markdown(
            "A model is **calibrated** if nine of ten predictions are right where it says 90%. Here 2,000 simulated "
            "predictions say too much or too little. Dividing the logits by a temperature repairs it."
        )
        factor = st.slider(
            "How far the model exaggerates", 0.3, 3.0, 2.0, 0.1, key="learn-exaggeration", persist_state="session"
        )
        temperature = st.slider("Temperature", 0.3, 3.0, 1.0, 0.1, key="learn-repair", persist_state="session")
        confidence, correct = simulate_confidence(factor, 2_000)
        repaired, _ = simulate_confidence(factor / temperature, 2_000)
        st.markdown(
            f"It says **{format_percent(repaired.mean(), 0)}** on average, and **{format_percent(correct.mean(), 0)}** are "
            f"right. {_judge(factor / temperature)}"
        )
    with picture:
        versions = [reliability(confidence, correct, "as the model says")]
        if temperature != 1:
            versions.append(reliability(repaired, correct, f"divided by {temperature:.1f}"))
        st.altair_chart(
            reliability_diagram(pd.concat(versions)), alt="Reliability diagram of the simulated predictions"
        )
        st.caption("On the dashed line, confidence and accuracy agree. Below it the model is overconfident.")


def _judge(factor: float) -> str:
    if factor > 1.05:
        return "It is overconfident: raise the temperature."
    return "It is underconfident: lower the temperature." if factor < 0.95 else "It is calibrated."


def _show_interval() -> None:
    words, picture = explanation_and_picture()
    with words:
        st.markdown(
            "Test texts are a sample. On others of the same kind the accuracy would differ a little. The **95% interval** "
            "says by how much; it is half as wide with four times the rows."
        )
        accuracy = st.slider("Measured accuracy", 0.5, 1.0, 0.85, 0.01, format="percent", key="learn-accuracy")
        rows = st.select_slider("Test rows", [20, 50, 100, 200, 500, 1_000, 2_000, 5_000], 100, key="learn-rows")
        interval = wilson_interval(accuracy * rows, rows)
        st.markdown(
            f"{format_percent(accuracy, 0)} on {rows:,} rows means: between **{format_range(*interval, percent=True)}**. "
            "Two models whose difference is smaller than this may well be equally good."
        )
    with picture:
        chart = interval_chart(interval_by_rows(accuracy), rows, accuracy)
        st.altair_chart(chart, alt="95% interval of the accuracy by the number of test rows")


_PICTURES: Final[dict[str, Callable[[], None]]] = {
    "Confusion matrix": _show_counts,
    "Confidence": _show_calibration,
    "Interval": _show_interval,
}
