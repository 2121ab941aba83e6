"""The section Confusion matrix: the matrix with the texts of a cell, the most confused pairs, and the scores per label."""

from typing import Any

import pandas as pd
import streamlit as st

from core.charts import evaluation as evaluation_charts
from core.evaluation.diagnostics import confusion
from core.evaluation.diagnostics.confusion import CountMatrix
from core.evaluation.diagnostics.mistakes import filter_rows
from core.formatting import pluralize
from pages.sections.evaluate.labels import MANY_LABELS, show_labels
from pages.sections.evaluate.text_cards import show_text_cards
from pages.sections.evaluate.view import RunView
from pages.shared.downloads import download_buttons

_SHOWN_CLASSES = 12


def show_confusion_matrix(view: RunView) -> None:
    """Draw the matrix, the most confused pairs and the scores per label."""
    shown = view.run_predictions
    counts = confusion.confusion_matrix(shown.targets, shown.predictions.predicted, shown.task.outputs)
    st.subheader("Confusion matrix", anchor=False)
    _show_matrix(view, counts)
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


def _show_matrix(view: RunView, counts: CountMatrix) -> None:
    labels = view.run.task.labels
    cells = confusion.confusion_frame(counts, labels)
    shown = cells
    if len(labels) > MANY_LABELS:
        chosen = _choose_classes(view, counts)
        shown = cells[cells["actual"].isin(chosen) & cells["predicted"].isin(chosen)]
    shares = st.toggle("Show percentages of the actual class", value=False)
    if not shown.empty:
        _show_cells(view, shown, shares)
    download_buttons(cells, view.file_name("confusion"))


def _choose_classes(view: RunView, counts: CountMatrix) -> list[str]:
    """The classes of the matrix, at first those with the most mistakes: all of them would be too small to read."""
    labels = view.run.task.labels
    return st.multiselect(
        "Classes",
        labels,
        default=confusion.most_confused_classes(counts, labels, _SHOWN_CLASSES),
        key=f"classes-{view.run.id}-{view.split}",
        help=f"Starts with the {_SHOWN_CLASSES} classes that have the most mistakes. The download has all {len(labels)}.",
    )


def _show_cells(view: RunView, cells: pd.DataFrame, shares: bool) -> None:
    event: Any = st.altair_chart(
        evaluation_charts.confusion_matrix(cells, shares),
        on_select="rerun",
        key=f"confusion-{view.run.id}-{view.split}",
        alt="Confusion matrix",
    )
    selected = event.selection.get("cell", []) if event else []
    if not selected:
        st.caption("Classes that are often confused are next to each other. Click a cell to read its texts.")
        return
    actual, predicted = selected[0]["actual"], selected[0]["predicted"]
    texts = filter_rows(view.prediction_table, actual, predicted)
    st.text(f"{pluralize(len(texts), 'text')} of class “{actual}” predicted as “{predicted}”")
    show_text_cards(view, texts, f"cell-{view.run.id}")
