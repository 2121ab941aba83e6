"""Decision thresholds: chosen on validation rows, shown with their effect, and saved with the model."""

from dataclasses import replace

import streamlit as st

from core.evaluation.decisions import thresholds
from core.evaluation.decisions.risk_control import RISK
from core.evaluation.decisions.thresholds import ThresholdChoice
from core.evaluation.metrics.compute import compute_metrics
from core.evaluation.metrics.estimate import interval_sentence
from core.formatting import pluralize
from core.run_evaluation import compared_versions
from pages.sections.evaluate.guarantee import choose_guaranteed
from pages.sections.evaluate.view import RunView, show_test_figure
from pages.shared import cache
from pages.shared.downloads import download_buttons

_BEST_F1, _MIN_PRECISION, _LOWEST_COST = "Best F1", "Minimum precision", "Lowest cost"
_PERCENT_COLUMNS = ("precision", "precision low", "precision high", "recall", "f1")


def show_thresholds(view: RunView) -> None:
    """Draw the choice of thresholds and the buttons that save or reset them."""
    st.caption("A label is predicted when its probability is above its threshold.")
    choice, rule = _choose_thresholds(view), view.validation_predictions.rule
    rows = pluralize(len(view.validation_predictions.targets), "validation row")
    st.caption(
        f"Chosen on {rows}. The table shows what to expect on new texts like these, not the lucky best of many counts."
    )
    percent = st.column_config.NumberColumn(format="percent")
    st.dataframe(
        choice.expected.rename(columns=lambda name: name.replace("_", " ")),
        hide_index=True,
        column_config=dict.fromkeys(_PERCENT_COLUMNS, percent)
        | {"threshold": st.column_config.NumberColumn(format="%.3f")},
        alt="Decision thresholds",
    )
    download_buttons(choice.expected, view.file_name("thresholds"))
    if show_test_figure(view, "thresholds", choice.thresholds):
        _show_effect(view, choice)
    with st.container(horizontal=True):
        if st.button(
            "Save these thresholds",
            icon=":material/save:",
            disabled=choice.thresholds == rule.thresholds,
        ):
            view.save_rule(
                replace(rule, thresholds=choice.thresholds, abstain_below=0.0),
                "Saved. The model now predicts with these thresholds.",
            )
        if rule.thresholds and st.button("Reset to 50%", icon=":material/undo:"):
            view.save_rule(replace(rule, thresholds=(), abstain_below=0.0), "The thresholds are 50% again.")


def _choose_thresholds(view: RunView) -> ThresholdChoice:
    """The thresholds that are best on the validation rows by the goal that the visitor chooses."""
    goals = (_BEST_F1, _MIN_PRECISION, _LOWEST_COST)
    goal = st.pills("Optimize for", goals, default=goals[0], required=True, key=f"goal-{view.run.id}")
    validation = view.validation_predictions
    data = (validation.task, validation.targets, validation.logits)
    if goal == _MIN_PRECISION:
        percent = st.slider("Minimum precision", 50, 99, 90, format="%d%%")
        risk = RISK / compared_versions(view.run) if choose_guaranteed(view.run, "precision") else None
        return thresholds.choose_for_precision(*data, percent / 100, risk, validation.units)
    if goal == _LOWEST_COST:
        left, right = st.columns(2)
        false_positive = left.number_input("Cost of a false positive", 0.0, value=1.0)
        false_negative = right.number_input("Cost of a false negative", 0.0, value=1.0)
        return thresholds.choose_for_cost(*data, false_positive, false_negative, validation.units)
    return thresholds.choose_for_f1(*data, validation.units)


def _show_effect(view: RunView, choice: ThresholdChoice) -> None:
    """Compare the F1 on test rows under the saved rule and under the chosen thresholds."""
    shown = cache.run_predictions(view.run, "test")
    name = "f1_micro" if shown.task.kind == "multilabel" else "f1_macro"
    current, chosen = (
        next(
            estimate
            for estimate in compute_metrics(shown.task, shown.targets, shown.logits, thresholds, shown.units)
            if estimate.name == name
        )
        for thresholds in (shown.rule.thresholds, choice.thresholds)
    )
    st.markdown(
        f"On the test rows, {current.title} is {current.text} now and "
        f"**{chosen.text}** with these thresholds ({interval_sentence(chosen)})."
    )
