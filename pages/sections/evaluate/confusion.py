"""The sections Confusion matrix and Labels: the matrix with the texts of a cell, the most confused pairs, scores per label."""

from typing import Any

import pandas as pd
import streamlit as st

from core.charts import evaluation as evaluation_charts
from core.evaluation.diagnostics import confusion
from core.evaluation.metrics.per_class import per_class
from core.formatting import format_percent, pluralize
from pages.sections.evaluate.view import RunView
from pages.shared.downloads import download_buttons

_TEXT_COLUMNS = ("text", "actual", "predicted", "confidence", "error")


def show_confusion_matrix(view: RunView) -> None:
    """Draw the matrix, the most confused pairs and the scores per label."""
    shown = view.run_predictions
    counts = confusion.confusion_matrix(shown.targets, shown.predictions.predicted, shown.task.outputs)
    st.subheader("Confusion matrix", anchor=False)
    _show_matrix(view, confusion.confusion_frame(counts, shown.task.labels))
    st.subheader("Most confused pairs", anchor=False)
    pairs = confusion.most_confused(counts, shown.task.labels)
    if pairs.empty:
        st.success("No classes are confused on these rows.", icon=":material/check_circle:")
    else:
        names = {
            "count": "texts",
            "first_as_second": "first predicted as second",
            "second_as_first": "second predicted as first",
        }
        st.dataframe(pairs.rename(columns=names), hide_index=True, alt="Most confused pairs")
        download_buttons(pairs, view.file_name("pairs"))
    show_labels(view)


def show_labels(view: RunView) -> None:
    """Draw precision, recall and F1 of each label."""
    st.subheader("Scores per label", anchor=False)
    shown = view.run_predictions
    table = per_class(shown.task, shown.targets, shown.logits, shown.rule.thresholds)
    st.dataframe(_format_scores(table), hide_index=True, alt="Precision, recall and F1 of each label")
    st.caption("The 95% intervals are in parentheses. They are wide for labels with few rows.")
    download_buttons(table, view.file_name("labels"))


def _format_scores(table: pd.DataFrame) -> pd.DataFrame:
    def format_score(score: float, low: float, high: float) -> str:
        interval = "" if pd.isna(score) else f" ({100 * low:.0f} to {100 * high:.0f})"
        return format_percent(score, 0) + interval

    formatted = {"Label": table["label"], "Rows": table["rows"]}
    for name, title in {"precision": "Precision", "recall": "Recall", "f1": "F1"}.items():
        scores = zip(table[name], table[f"{name}_low"], table[f"{name}_high"], strict=True)
        formatted[title] = pd.Series([format_score(*score) for score in scores], dtype=object)
    return pd.DataFrame({**formatted, "PR-AUC": table["average_precision"].round(3), "Note": table["note"]})


def _show_matrix(view: RunView, cells: pd.DataFrame) -> None:
    shares = st.toggle("Show percentages of the actual class", value=False)
    event: Any = st.altair_chart(
        evaluation_charts.confusion_matrix(cells, shares),
        on_select="rerun",
        key=f"confusion-{view.run.id}-{view.split}",
        alt="Confusion matrix",
    )
    selected = event.selection.get("cell", []) if event else []
    if selected:
        actual, predicted = selected[0]["actual"], selected[0]["predicted"]
        table = view.prediction_table
        texts = table[(table["actual"] == actual) & (table["predicted"] == predicted)]
        st.text(f"{pluralize(len(texts), 'text')} of class “{actual}” predicted as “{predicted}”")
        show_texts(texts)
    else:
        st.caption("Classes that are often confused are next to each other. Click a cell to read its texts.")
    download_buttons(cells, view.file_name("confusion"))


def show_texts(rows: pd.DataFrame) -> None:
    """Draw rows of a prediction table: the texts with their actual and predicted labels."""
    columns = [column for column in _TEXT_COLUMNS if column in rows and not rows[column].isna().all()]
    st.dataframe(
        rows[columns],
        hide_index=True,
        column_config={
            "text": st.column_config.TextColumn(width="large"),
            "confidence": st.column_config.NumberColumn(format="percent"),
            "error": st.column_config.NumberColumn(format="%.2f"),
        },
        alt="Texts with actual and predicted labels",
    )
