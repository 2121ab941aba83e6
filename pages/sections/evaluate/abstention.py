"""Abstention: predictions below a confidence are left for review by hand, so that the others reach a target accuracy."""

import math
from dataclasses import replace

import streamlit as st

from core.charts import evaluation as evaluation_charts
from core.decision_rule import DecisionRule
from core.evaluation.decisions import abstention
from core.evaluation.decisions.abstention import SelectiveResult
from core.evaluation.decisions.risk_control import RISK
from core.formatting import format_percent, format_range, pluralize
from core.run_evaluation import compared_versions
from pages.sections.evaluate.guarantee import choose_guaranteed
from pages.sections.evaluate.view import RunView, show_test_figure
from pages.shared import cache
from pages.shared.downloads import download_buttons


def show_abstention(view: RunView) -> None:
    """Draw the choice of the target accuracy, its effect on validation, and the buttons that save or remove the threshold."""
    st.caption("The model can leave predictions with low confidence for review by hand.")
    validation = view.validation_predictions
    percent = st.slider("Target accuracy", 50, 99, 95, format="%d%%", key=f"target-{view.run.id}")
    data = (validation.predictions.confidence, validation.correct)
    if choose_guaranteed(view.run, "target"):
        risk = RISK / compared_versions(view.run)
        chosen = abstention.choose_guaranteed_threshold(*data, percent / 100, risk, validation.units)
    else:
        chosen = abstention.choose_threshold(*data, percent / 100, validation.units)
    if chosen.note:
        st.warning(chosen.note, icon=":material/warning:")
    else:
        _show_result(chosen)
        st.caption(f"Chosen and measured on {pluralize(chosen.rows, 'validation row')}.")
        _show_test_result(view, chosen)
    points = abstention.risk_coverage_curve(*data)
    st.altair_chart(
        evaluation_charts.risk_coverage(points, chosen.coverage if chosen.answered else None),
        alt="Share of wrong predictions over the share of predicted texts",
    )
    download_buttons(points, view.file_name("risk-coverage"))
    _show_buttons(view, validation.rule, chosen.threshold if math.isfinite(chosen.threshold) else 0.0)


def _show_result(result: SelectiveResult) -> None:
    columns = st.columns(4)
    columns[0].metric("Minimum confidence", format_percent(result.threshold, 0))
    columns[1].metric("Predicted", format_percent(result.coverage, 0))
    columns[2].metric("Accuracy of these", format_percent(result.accuracy))
    columns[3].metric("Review by hand", f"{result.rows - result.answered:,} of {result.rows:,}")


def _show_test_result(view: RunView, chosen: SelectiveResult) -> None:
    """The effect on test rows once it is opened for this threshold."""
    if not show_test_figure(view, "abstention", chosen.threshold):
        return
    shown = cache.run_predictions(view.run, "test")
    result = abstention.apply_threshold(
        shown.predictions.confidence, shown.correct, chosen.threshold, chosen.answered, shown.units
    )
    if not result.answered:
        st.markdown(f"On the test rows: {result.note}")
        return
    st.markdown(
        f"On the test rows it predicts **{format_percent(result.coverage, 0)}** of the texts, "
        f"**{format_percent(result.accuracy)}** of them correctly, between "
        f"{format_range(result.low, result.high, percent=True)}. The interval allows for the confidence having been chosen on "
        f"only {pluralize(chosen.answered, 'validation row')}."
    )


def _show_buttons(view: RunView, rule: DecisionRule, threshold: float) -> None:
    with st.container(horizontal=True):
        if st.button(
            "Save this minimum confidence",
            icon=":material/save:",
            disabled=not threshold or threshold == rule.abstain_below,
        ):
            view.save_rule(
                replace(rule, abstain_below=threshold),
                "Saved. The model now marks predictions below it as low confidence.",
            )
        if rule.abstain_below and st.button("Turn abstention off", icon=":material/undo:"):
            view.save_rule(replace(rule, abstain_below=0.0), "The model predicts every text again.")
    if rule.abstain_below:
        minimum = format_percent(rule.abstain_below)
        st.caption(f"Active: predictions below {minimum} are marked “low confidence: review by hand”.")
