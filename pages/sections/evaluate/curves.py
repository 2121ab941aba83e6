"""The section Curves: ROC and precision-recall curves of the chosen labels."""

import pandas as pd
import streamlit as st

from core.charts import evaluation as evaluation_charts
from core.evaluation.diagnostics import curves
from core.evaluation.metrics.per_class import per_class
from pages.sections.evaluate.view import RunView
from pages.shared.downloads import download_buttons

_DEFAULT_LABELS = 5


def show_curves(view: RunView) -> None:
    """Draw both curves with the point at which each label's threshold works."""
    shown = view.run_predictions
    data = (shown.task, shown.targets, shown.logits)
    roc = curves.roc_curve(*data)
    labels = list(dict.fromkeys(roc["label"]))
    if not labels:
        st.info("A curve needs both rows that have a label and rows that do not.", icon=":material/info:")
        return
    chosen = _choose_labels(view, labels)
    if not chosen:
        return
    points = curves.operating_points(*data, shown.rule.thresholds)
    points = points[points["label"].isin(chosen)]
    left, right = st.columns(2)
    with left:
        st.subheader("ROC curve", anchor=False)
        selected = roc[roc["label"].isin(chosen)]
        _show_curve(selected, points.assign(true_positive_rate=points["recall"]), "ROC curve")
        download_buttons(selected, view.file_name("roc"))
    with right:
        st.subheader("Precision-recall curve", anchor=False)
        precision_recall = curves.precision_recall_curve(*data)
        selected = precision_recall[precision_recall["label"].isin(chosen)]
        _show_curve(selected, points, "Precision-recall curve")
        download_buttons(selected, view.file_name("precision-recall"))
    st.caption(
        "The ring marks the current threshold of the label: 50%, unless you saved another threshold under Confidence."
    )


def _choose_labels(view: RunView, labels: list[str]) -> list[str]:
    """The chosen labels; at first those with the lowest average precision."""
    if len(labels) == 1:
        return labels
    shown = view.run_predictions
    table = per_class(shown.task, shown.targets, shown.logits, shown.rule.thresholds, shown.units).sort_values(
        "average_precision"
    )
    lowest = [name for name in table["label"] if name in labels][:_DEFAULT_LABELS]
    return st.multiselect("Labels", labels, default=lowest, help="Starts with the labels that are ranked worst.")


def _show_curve(curve: pd.DataFrame, points: pd.DataFrame, title: str) -> None:
    """Draw a curve over its last two columns, x and y, with a ring at each operating point."""
    x, y = curve.columns[-2:]
    titles = (x.replace("_", " "), y.replace("_", " "))
    st.altair_chart(evaluation_charts.threshold_curve(curve, points, x, y, titles), alt=title)
