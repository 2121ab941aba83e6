"""The health of a published model: how much it is used, how often it is unsure, drift, and corrections."""

from datetime import UTC, datetime, timedelta

import streamlit as st

from core.charts import health as health_charts
from core.formatting import format_percent, pluralize
from core.publishing.health import Drift, Health, describe_drift, measure_health
from core.publishing.usage import Use, read_uses
from core.runs import Run
from pages.shared.navigation import link

_PERIODS = {"Last 7 days": 7, "Last 30 days": 30, "All": None}


def show_health(run: Run) -> None:
    """The health over a period that the owner chooses."""
    st.markdown("**Health**")
    uses = read_uses(run)
    if not uses:
        st.caption("Nobody has used the model yet. Your examples do not count.")
        return
    period = st.segmented_control(
        "Period", list(_PERIODS), default="Last 30 days", required=True, key=f"period-{run.id}"
    )
    health = measure_health(run, _within(uses, _PERIODS[period or "All"]))
    corrections = int(health.corrections["corrections"].sum())
    with st.container(horizontal=True):
        st.metric("Predictions", f"{health.predictions:,}")
        if health.unsure is not None:
            st.metric("Not sure", format_percent(health.unsure))
        st.metric("Corrections", f"{corrections:,}")
    if health.predictions:
        st.altair_chart(health_charts.daily_volume(health.volume), alt="Predictions per day")
        _show_drift(run, health)
    if corrections:
        st.caption(f"{pluralize(corrections, 'correction')}. The texts are on Data, under the source Corrections.")
        st.dataframe(health.corrections, hide_index=True, alt="Corrections by predicted and correct label")
        link("data", "Open Data")


def _within(uses: list[Use], days: int | None) -> list[Use]:
    if days is None:
        return uses
    start = (datetime.now(UTC) - timedelta(days=days)).isoformat(timespec="seconds")
    return [use for use in uses if use.time >= start]


def _show_drift(run: Run, health: Health) -> None:
    predicted = "predicted values" if run.task.kind == "regression" else "predicted labels"
    _show_sentence(health.prediction_drift, predicted)
    if health.shares is not None:
        st.altair_chart(health_charts.share_comparison(health.shares), alt="Shares of predicted labels")
    _show_sentence(health.length_drift, "text lengths")


def _show_sentence(drift: Drift | None, subject: str) -> None:
    sentence = describe_drift(drift, subject)
    if drift is not None and drift.detected:
        st.warning(sentence, icon=":material/trending_up:")
    else:
        st.caption(sentence)
