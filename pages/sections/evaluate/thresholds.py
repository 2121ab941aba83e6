"""Do probabilities mean what they say, from which on a label is given, and when it is better not to answer."""

import math
from dataclasses import replace

import numpy as np
import pandas as pd
import streamlit as st

from core import decision_rule
from core.charts import data as data_charts
from core.charts import evaluation as evaluation_charts
from core.decision_rule import DecisionRule
from core.evaluation.decisions import abstention, calibration, thresholds
from core.evaluation.decisions.thresholds import Choice
from core.evaluation.metrics.compute import compute_metrics
from core.evaluation.metrics.estimate import interval_sentence
from core.run_evaluation import RunPredictions
from core.runs import MODEL
from pages.sections.evaluate.scores import View, figure
from pages.shared import cache
from pages.shared.widgets import downloads, show_errors

_RULES = ("The best F1", "A wanted precision", "What errors cost")


def show_confidence(view: View) -> None:
    """Calibration, thresholds, and answering only when sure; for a number, intervals around it."""
    if view.run.task.kind == "regression":
        _show_intervals(view)
        return
    _show_calibration(view)
    if view.run.task.kind in ("binary", "multilabel"):
        st.subheader("From which probability on a label is given", anchor=False)
        with show_errors():
            _show_thresholds(view)
    st.subheader("Answer only when sure", anchor=False)
    with show_errors():
        _show_selective(view)


def _keep(view: View, kept: DecisionRule, words: str) -> None:
    decision_rule.save(kept, view.run.model_folder)
    st.toast(words, icon=":material/check:")
    st.rerun()


def _show_calibration(view: View) -> None:
    st.subheader("Does 90 % sure mean right nine times in ten?", anchor=False)
    ours = view.answers
    before = calibration.answers(ours.task, ours.targets, view.run.logits(view.split))
    after = calibration.answers(ours.task, ours.targets, ours.logits)
    bins = pd.concat(
        [
            calibration.reliability(*each).assign(which=which)
            for which, each in (("as trained", before), ("calibrated", after))
        ],
        ignore_index=True,
    )
    st.altair_chart(evaluation_charts.reliability(bins), alt="Reliability diagram")
    lines = []
    for which, each in (("As trained", before), ("Calibrated", after)):
        value, span = calibration.ece(*each)
        lines.append(
            f"{which} the calibration error is {_percent(value)} (between {_percent(span.low)} and {_percent(span.high)})."
        )
    lines.append(f"Chance alone gives about {_percent(calibration.expected_ece(after[0]))} with so few rows.")
    st.markdown(" ".join(lines))
    st.caption(
        f"The temperature {ours.decision.temperature:.2f} was fitted on the {view.run.record.sizes['validation']:,} validation "
        "rows and is applied wherever this model predicts; it changes no answer. Above 1 the model was too sure of itself."
    )
    downloads(bins, view.file("reliability"))


def _percent(value: float) -> str:
    return "unknown" if math.isnan(value) else f"{value:.1%}"


def _show_thresholds(view: View) -> None:
    chosen_on, kept = view.answers_to("validation"), view.answers.decision
    choice = _chosen_thresholds(view, chosen_on)
    st.caption(f"Chosen on the {len(chosen_on.targets):,} validation rows; this is what they gave there.")
    shown = choice.expected.rename(columns=lambda name: name.replace("_", " "))
    percent = {
        name: st.column_config.NumberColumn(format="percent")
        for name in ("precision", "recall", "f1", "precision low", "precision high")
    }
    st.dataframe(
        shown,
        hide_index=True,
        column_config={**percent, "threshold": st.column_config.NumberColumn(format="%.3f")},
        alt="Thresholds",
    )
    downloads(choice.expected, view.file("thresholds"))
    if view.split == "test":
        _show_effect(view, choice)
    limits = tuple(float(limit) for limit in choice.thresholds)
    same = np.allclose(limits, kept.thresholds) if len(kept.thresholds) == len(limits) else False
    with st.container(horizontal=True):
        if st.button("Keep these thresholds", type="primary", icon=":material/save:", disabled=bool(same)):
            _keep(view, replace(kept, thresholds=limits, abstain_below=0.0), "Kept. The model now answers with them.")
        if kept.thresholds and st.button("Back to 50 %", icon=":material/undo:"):
            _keep(view, replace(kept, thresholds=(), abstain_below=0.0), "Back to 50 %.")


def _chosen_thresholds(view: View, chosen_on: RunPredictions) -> Choice:
    rule = st.segmented_control("Choose them for", _RULES, default=_RULES[0], required=True, key=f"rule-{view.run.id}")
    given = (chosen_on.task, chosen_on.targets, chosen_on.logits)
    if rule == _RULES[1]:
        wanted = st.slider("Wanted precision", 50, 99, 90, format="%d %%")
        return thresholds.for_precision(*given, wanted / 100)
    if rule == _RULES[2]:
        left, right = st.columns(2)
        wrong = left.number_input("A label wrongly given costs", 0.0, value=1.0)
        missed = right.number_input("A label left out costs", 0.0, value=1.0)
        return thresholds.for_costs(*given, wrong, missed)
    return thresholds.for_f1(*given)


def _show_effect(view: View, choice: Choice) -> None:
    """What the thresholds do on test, beside what is in force now."""
    ours = view.answers
    name = "f1_micro" if ours.task.kind == "multilabel" else "f1_macro"
    now = next(each for each in cache.metric_estimates(*view.key)[MODEL] if each.name == name)
    then = next(
        each for each in compute_metrics(ours.task, ours.targets, ours.logits, choice.thresholds) if each.name == name
    )
    st.markdown(
        f"On the test rows {now.title} would go from {figure(now)} to **{figure(then)}** "
        f"({interval_sentence(then, view.split)})."
    )


def _show_selective(view: View) -> None:
    """Which accuracy is wanted, from which confidence on that is reached, and what is left to a person."""
    ours, chosen_on, kept = view.answers, view.answers_to("validation"), view.answers.decision
    sure, right = _sure_and_right(ours)
    target = st.slider("Wanted share of right answers", 50, 99, 95, format="%d %%", key=f"target-{view.run.id}") / 100
    cut = abstention.choose_threshold(*_sure_and_right(chosen_on), target)
    met = abstention.answered(sure, right, cut.threshold, chosen_on=cut.answered)
    points = abstention.risk_coverage(sure, right)
    if cut.note:
        st.warning(cut.note, icon=":material/warning:")
    else:
        columns = st.columns(4)
        columns[0].metric("Answer from", f"{cut.threshold:.0%} sure")
        columns[1].metric("SelectiveResult", f"{met.share:.0%}")
        columns[2].metric("Right among them", _percent(met.accuracy))
        columns[3].metric("Left to a person", f"{met.rows - met.answered:,} of {met.rows:,}")
        if met.answered:
            st.caption(
                f"Right among the answers: between {met.low:.0%} and {met.high:.0%}. The interval has room for the luck of the "
                f"{cut.answered:,} validation rows that the confidence was chosen on."
            )
    st.altair_chart(
        evaluation_charts.risk_coverage(points, met.share if met.answered else None),
        alt="Wrong answers over answered texts",
    )
    downloads(points, view.file("risk-coverage"))
    when = cut.threshold if math.isfinite(cut.threshold) else 0.0
    with st.container(horizontal=True):
        if st.button(
            "Keep: say “not sure” below it", icon=":material/save:", disabled=not when or when == kept.abstain_below
        ):
            _keep(view, replace(kept, abstain_below=when), "Kept. Below it the model now says that it is not sure.")
        if kept.abstain_below and st.button("Answer everything again", icon=":material/undo:"):
            _keep(view, replace(kept, abstain_below=0.0), "It answers everything again.")
    if kept.abstain_below:
        st.caption(f"In force: “not sure” below {kept.abstain_below:.1%}.")


def _sure_and_right(ours: RunPredictions) -> tuple[np.ndarray, np.ndarray]:
    same = ours.decided == ours.targets
    right = same.all(axis=1) if same.ndim == 2 else same
    return thresholds.confidence(ours.task, ours.logits, ours.decided), right


def _show_intervals(view: View) -> None:
    st.subheader("How far off a number may be", anchor=False)
    chosen_on, ours, kept = view.answers_to("validation"), view.answers, view.answers.decision
    level = (
        st.slider("The true number lies within, in so many cases", 50, 99, round(100 * kept.level), format="%d %%")
        / 100
    )
    width = abstention.conformal_half_width(_errors(chosen_on), level)
    if math.isinf(width):
        st.warning("There are too few validation rows for so sure an interval.", icon=":material/warning:")
        return
    covered, span = abstention.conformal_coverage(_errors(ours), width)
    st.markdown(
        f"Take **{width:.2f}** either way: chosen on {len(chosen_on.targets):,} validation rows for {level:.0%} of the cases. "
        f"On the {len(ours.targets):,} {view.split} rows it held the true number in **{covered:.0%}** "
        f"(between {span.low:.0%} and {span.high:.0%})."
    )
    errors = pd.Series(_errors(ours))
    st.altair_chart(
        data_charts.histogram(errors, "distance from the true number", width), alt="Distances from the true number"
    )
    downloads(pd.DataFrame({"error": errors}), view.file("errors"))
    if st.button("Keep this interval", icon=":material/save:", disabled=kept.interval_half_width == width):
        _keep(view, replace(kept, interval_half_width=width, level=level), "Kept. Predictions now come with it.")


def _errors(ours: RunPredictions) -> np.ndarray:
    return np.abs(ours.logits[:, 0].astype(np.float64) - ours.targets)
