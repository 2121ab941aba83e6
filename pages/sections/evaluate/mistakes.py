"""Where a model errs: its surest mistakes, labels that are likely wrong, kinds of texts, examples of each class."""

from contextlib import suppress

import pandas as pd
import streamlit as st

from core.data.dataset import Dataset, change_repairs, find_dataset, load_table
from core.data.repairs import Repair
from core.errors import DataError, ModelError
from core.evaluation.diagnostics import mistakes
from pages.sections.evaluate.confusion import show_texts
from pages.sections.evaluate.scores import View
from pages.shared import cache
from pages.shared.visitor import workspace
from pages.shared.widgets import downloads

_REVIEWED = 50
_LEAVE_OUT = "leave the row out"


def show_mistakes(view: View) -> None:
    """The surest mistakes, labels to review, slices, examples."""
    number = view.run.task.kind == "regression"
    st.subheader("Largest errors" if number else "Mistakes it was surest of", anchor=False)
    worst = mistakes.worst(view.run.task, view.prediction_table)
    if worst.empty:
        st.success("Not one mistake on these rows.", icon=":material/check_circle:")
    else:
        show_texts(worst)
    downloads(view.prediction_table, view.file("answers"))
    dataset = _dataset(view)
    if view.run.task.one_label:
        st.subheader("Labels that may be wrong", anchor=False)
        _review(view, dataset)
    st.subheader("Kinds of texts it does worse on", anchor=False)
    _show_slices(view, dataset)
    if view.run.task.labels:
        st.subheader("Typical and borderline texts", anchor=False)
        _show_examples(view)


def _dataset(view: View) -> Dataset | None:
    """The data set the run was made of, if it still exists."""
    try:
        return find_dataset(workspace(), view.run.record.dataset.get("id", ""))
    except DataError:
        return None


def _review(view: View, dataset: Dataset | None) -> None:
    found = mistakes.suspected_label_errors(view.run.task, view.prediction_table, _REVIEWED).reset_index(drop=True)
    if found.empty:
        st.caption("On these rows the model contradicts no label with 80 % confidence or more.")
        return
    st.caption("The model contradicts these labels and is 80 % sure or more. Either it is wrong, or the label is.")
    if dataset is None:
        show_texts(found)
        st.caption("The data set is gone, so labels cannot be corrected here.")
        return
    shown = pd.DataFrame(
        {
            "label": found["actual"],
            "the model says": found["predicted"],
            "sure": found["confidence"],
            "text": found["text"],
        }
    )
    options = [*view.run.task.labels, _LEAVE_OUT]
    edited = st.data_editor(
        shown,
        hide_index=True,
        disabled=["the model says", "sure", "text"],
        column_config={
            "label": st.column_config.SelectboxColumn("label", options=options, required=True),
            "sure": st.column_config.NumberColumn(format="percent"),
            "text": st.column_config.TextColumn(width="large"),
        },
        key=f"doubts-{view.run.id}-{view.split}-{len(dataset.repairs)}",
    )
    changes = [
        {"text": text, "was": was, "now": None if now == _LEAVE_OUT else now}
        for text, was, now in zip(found["text"], found["actual"], edited["label"], strict=True)
        if now != was
    ]
    st.caption("Corrections go to the data set. This run keeps its rows; train again to learn from them.")
    if st.button(f"Keep {len(changes)} corrections", icon=":material/save:", disabled=not changes):
        change_repairs(dataset, [*dataset.repairs, Repair("relabel", {"changes": changes})])
        st.toast("The data set has the new labels.", icon=":material/check:")
        st.rerun()


def _show_slices(view: View, dataset: Dataset | None) -> None:
    number = view.run.task.kind == "regression"
    found = cache.slices_of(*view.key, _columns(view, dataset))
    if found.empty:
        st.caption(
            "None stands out: by length, by word, or by a column of the file. Rows of a kind must be 20 or more."
        )
        return
    st.caption("Many kinds are tried; these would hardly come by chance. p is corrected for their number.")
    form = st.column_config.NumberColumn(format="%.2f" if number else "percent")
    names = {"value": "mean error" if number else "right", "rest": "elsewhere", "low": "from", "high": "to"}
    st.dataframe(
        found.rename(columns=names),
        hide_index=True,
        column_config={**dict.fromkeys(names.values(), form), "p": st.column_config.NumberColumn(format="%.4f")},
        alt="Kinds of texts it does worse on",
    )
    downloads(found, view.file("slices"))


def _columns(view: View, dataset: Dataset | None) -> pd.DataFrame:
    """What else is known of the rows of the split: whether they were cut off, and the file's other columns if it is there."""
    rows = view.prediction_table["row"].astype(int)
    table = load_table(dataset).frame if dataset is not None else pd.DataFrame()
    if dataset is None or (len(rows) and rows.max() >= len(table)):
        columns = pd.DataFrame(index=range(len(rows)))
    else:
        used = {dataset.columns.text, dataset.columns.label, *dataset.columns.label_columns, "text", "truncated"}
        columns = table.iloc[rows.to_numpy()].reset_index(drop=True)
        columns = columns.drop(columns=[name for name in table if name in used])
    config = view.run.record.config
    with suppress(ModelError):  # an encoder that is no longer there cannot count word pieces
        pieces = cache.tokens(f"{view.run.id}-{view.split}", config["encoder"], view.prediction_table["text"]).pieces
        columns["truncated"] = pieces > config["max_length"]
    return columns


def _show_examples(view: View) -> None:
    ours = view.answers
    label = st.selectbox("Label", ours.task.labels, key=f"examples-{view.run.id}")
    rows = mistakes.examples(ours.task, view.prediction_table, ours.logits, label)
    for column, kind, about in zip(
        st.columns(2),
        ("typical", "borderline"),
        ("Surest of this label", "Between this label and another"),
        strict=True,
    ):
        with column:
            st.caption(about)
            st.dataframe(
                rows.loc[rows["kind"] == kind, ["probability", "actual", "text"]],
                hide_index=True,
                column_config={"probability": st.column_config.NumberColumn(format="percent")},
                alt=about,
            )
    downloads(rows, view.file("examples"))
