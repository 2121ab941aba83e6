"""What is taken for what: the confusion matrix with the texts behind it, the worst pairs, each label, curves."""

from typing import Any

import pandas as pd
import streamlit as st

from core.charts import evaluation as evaluation_charts
from core.evaluation.diagnostics import confusion, curves
from core.evaluation.metrics.per_class import per_class
from pages.sections.evaluate.scores import View
from pages.shared.widgets import downloads

_CURVES_AT_FIRST = 5
_TEXT_COLUMNS = ("text", "actual", "predicted", "confidence", "error")


def show_confusions(view: View) -> None:
    """The matrix of a task with one label a text, each label of the others."""
    ours = view.answers
    if ours.task.one_label:
        counts = confusion.matrix(ours.targets, ours.decided, ours.task.outputs)
        _matrix(view, confusion.frame(counts, ours.task.labels))
        st.subheader("Most confused pairs", anchor=False)
        pairs = confusion.most_confused(counts, ours.task.labels)
        if pairs.empty:
            st.success("Nothing is confused on these rows.", icon=":material/check_circle:")
        else:
            st.dataframe(
                pairs,
                hide_index=True,
                column_config={
                    "count": "texts",
                    "first_as_second": "first taken for second",
                    "second_as_first": "second taken for first",
                },
                alt="Most confused pairs",
            )
            downloads(pairs, view.file("pairs"))
    st.subheader("Each label", anchor=False)
    table = per_class(ours.task, ours.targets, ours.logits, ours.decision.limits)
    st.dataframe(_of_labels(table), hide_index=True, alt="Precision, recall and F1 of each label")
    st.caption("In brackets the 95 % interval. Few rows of a label make it wide.")
    downloads(table, view.file("labels"))


def _of_labels(table: pd.DataFrame) -> pd.DataFrame:
    def cell(row: Any, name: str) -> str:
        value, low, high = row[name], row[f"{name}_low"], row[f"{name}_high"]
        return "undefined" if pd.isna(value) else f"{value:.0%} ({100 * low:.0f} – {100 * high:.0f})"

    shown = {"Label": table["label"], "Rows": table["rows"]}
    for name, title in {"precision": "Precision", "recall": "Recall", "f1": "F1"}.items():
        shown[title] = pd.Series([cell(row, name) for _, row in table.iterrows()], dtype=object)
    return pd.DataFrame({**shown, "PR-AUC": table["average_precision"].round(3), "Note": table["note"]})


def _matrix(view: View, cells: pd.DataFrame) -> None:
    st.subheader("What is taken for what", anchor=False)
    shares = st.toggle("Show shares of the actual class", value=False)
    event: Any = st.altair_chart(
        evaluation_charts.confusion(cells, shares),
        on_select="rerun",
        key=f"confusion-{view.run.id}-{view.split}",
        alt="Confusion matrix",
    )
    chosen = event.selection.get("cell", []) if event else []
    if chosen:
        actual, predicted = chosen[0]["actual"], chosen[0]["predicted"]
        behind = view.prediction_table[
            (view.prediction_table["actual"] == actual) & (view.prediction_table["predicted"] == predicted)
        ]
        st.text(f"{len(behind)} {'text' if len(behind) == 1 else 'texts'} of class “{actual}” answered “{predicted}”")
        show_texts(behind)
    else:
        st.caption("Classes that are confused stand side by side. Click a cell to read the texts behind it.")
    downloads(cells, view.file("confusion"))


def show_texts(rows: pd.DataFrame) -> None:
    """Texts with what they are and what they were taken for."""
    columns = [column for column in _TEXT_COLUMNS if column in rows and not rows[column].isna().all()]
    st.dataframe(
        rows[columns],
        hide_index=True,
        column_config={
            "text": st.column_config.TextColumn(width="large"),
            "confidence": st.column_config.NumberColumn(format="percent"),
            "error": st.column_config.NumberColumn(format="%.2f"),
        },
        alt="Texts with actual and predicted label",
    )


def show_curves(view: View) -> None:
    """ROC and precision-recall of the labels one chooses, with the point at which each works."""
    ours = view.answers
    roc = curves.roc(ours.task, ours.targets, ours.logits)
    labels = list(dict.fromkeys(roc["label"]))
    if not labels:
        st.info("A curve needs rows of a label and rows without it.", icon=":material/info:")
        return
    table = per_class(ours.task, ours.targets, ours.logits, ours.decision.limits)
    worst = [name for name in table.sort_values("average_precision")["label"] if name in labels]
    chosen = labels
    if len(labels) > 1:
        chosen = st.multiselect(
            "Labels", labels, default=worst[:_CURVES_AT_FIRST], help="At first the ones ranked worst."
        )
    if not chosen:
        return
    working = curves.operating_points(ours.task, ours.targets, ours.logits, ours.decision.limits)
    working = working[working["label"].isin(chosen)].rename(columns={"recall": "true_positive_rate"})
    left, right = st.columns(2)
    with left:
        st.subheader("ROC", anchor=False)
        titles = ("wrongly given", "found")
        shown = roc[roc["label"].isin(chosen)]
        st.altair_chart(
            evaluation_charts.curve(shown, working, "false_positive_rate", "true_positive_rate", titles), alt="ROC"
        )
        downloads(shown, view.file("roc"))
    with right:
        st.subheader("Precision and recall", anchor=False)
        points = curves.precision_recall(ours.task, ours.targets, ours.logits)
        shown = points[points["label"].isin(chosen)]
        working = working.rename(columns={"true_positive_rate": "recall"})
        st.altair_chart(
            evaluation_charts.curve(shown, working, "recall", "precision", ("recall", "precision")),
            alt="Precision and recall",
        )
        downloads(shown, view.file("precision-recall"))
    st.caption("The ring is where the label works now: at its threshold, 50 % unless others are kept under Confidence.")
