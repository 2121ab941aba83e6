"""The section Mistakes: the most confident mistakes, labels that may be wrong, slices with lower accuracy, example texts."""

from contextlib import suppress

import pandas as pd
import streamlit as st

from core.data.dataset import Dataset, find_dataset
from core.data.repairs import Repair
from core.errors import DataError, ModelError, StudioError
from core.evaluation.diagnostics import mistakes
from core.formatting import pluralize
from pages.sections.evaluate.confusion import show_texts
from pages.sections.evaluate.view import RunView
from pages.shared import cache
from pages.shared.downloads import download_buttons
from pages.shared.visitor import workspace
from pages.shared.widgets import show_error

_MAX_REVIEWED = 50
_LEAVE_OUT = "leave the row out"


def show_mistakes(view: RunView) -> None:
    """Draw the section."""
    regression = view.run.task.kind == "regression"
    st.subheader("Largest errors" if regression else "Most confident mistakes", anchor=False)
    worst = mistakes.most_confident_mistakes(view.run.task, view.prediction_table)
    if worst.empty:
        st.success("The model makes no mistakes on these rows.", icon=":material/check_circle:")
    else:
        show_texts(worst)
    download_buttons(view.prediction_table, view.file_name("predictions"))
    source = _load_dataset(view)
    if view.run.task.one_label:
        st.subheader("Labels that may be wrong", anchor=False)
        _show_label_review(view, source[0] if source else None)
    st.subheader("Slices with larger errors" if regression else "Slices with lower accuracy", anchor=False)
    _show_slices(view, source)
    if view.run.task.labels:
        st.subheader("Typical and borderline texts", anchor=False)
        _show_examples(view)


def _load_dataset(view: RunView) -> tuple[Dataset, pd.DataFrame] | None:
    """The dataset of the run and its table; None if it was deleted, or if it is damaged, which is shown."""
    try:
        dataset = find_dataset(workspace(), view.run.dataset.id)
        return dataset, cache.dataset_texts(dataset).table.frame
    except DataError:
        return None
    except StudioError as error:
        show_error(error.message, error.hint)
        return None


def _show_label_review(view: RunView, dataset: Dataset | None) -> None:
    """Draw an editor for the labels that the model contradicts with high confidence."""
    suspects = mistakes.suspected_label_errors(view.run.task, view.prediction_table, _MAX_REVIEWED)
    suspects = suspects.reset_index(drop=True)
    if suspects.empty:
        st.caption("On these rows, the model contradicts no label with a confidence of 80% or more.")
        return
    st.caption(
        "The model contradicts these labels with a confidence of 80% or more. Either the model or the label is wrong."
    )
    if dataset is None:
        show_texts(suspects)
        st.caption("The dataset is not available, so labels cannot be corrected here.")
        return
    edited = st.data_editor(
        suspects[["actual", "predicted", "confidence", "text"]].rename(columns={"actual": "label"}),
        hide_index=True,
        disabled=["predicted", "confidence", "text"],
        column_config={
            "label": st.column_config.SelectboxColumn(options=[*view.run.task.labels, _LEAVE_OUT], required=True),
            "confidence": st.column_config.NumberColumn(format="percent"),
            "text": st.column_config.TextColumn(width="large"),
        },
        key=f"label-review-{view.run.id}-{view.split}-{len(dataset.repairs)}",
    )
    changes = [
        {"text": text, "was": before, "now": None if after == _LEAVE_OUT else after}
        for text, before, after in zip(suspects["text"], suspects["actual"], edited["label"], strict=True)
        if after != before
    ]
    st.caption("Corrections are saved in the dataset. This run keeps its rows; train again to use the corrections.")
    if st.button(f"Save {pluralize(len(changes), 'correction')}", icon=":material/save:", disabled=not changes):
        dataset.change_repairs([*dataset.repairs, Repair("relabel", {"changes": changes})])
        st.toast("The dataset has the new labels.", icon=":material/check:")
        st.rerun()


def _show_slices(view: RunView, source: tuple[Dataset, pd.DataFrame] | None) -> None:
    slices = cache.error_slices(*view.key, _slice_columns(view, source))
    if slices.empty:
        st.caption(
            "No slice stands out. Slices by length, by word and by the other columns of the file were tested; "
            "a slice needs 20 rows or more."
        )
        return
    st.caption("Many slices were tested. The p-values are corrected for that, so these are unlikely to be chance.")
    regression = view.run.task.kind == "regression"
    number = st.column_config.NumberColumn(format="%.2f" if regression else "percent")
    names = {"value": "mean error" if regression else "accuracy", "rest": "other rows", "low": "from", "high": "to"}
    st.dataframe(
        slices.rename(columns=names),
        hide_index=True,
        column_config={**dict.fromkeys(names.values(), number), "p": st.column_config.NumberColumn(format="%.4f")},
        alt="Slices that the model does worse on",
    )
    download_buttons(slices, view.file_name("slices"))


def _slice_columns(view: RunView, source: tuple[Dataset, pd.DataFrame] | None) -> pd.DataFrame:
    """The columns to slice by, one row for each row of the split: the file's other columns, and whether it was truncated."""
    rows = view.prediction_table["row"].astype(int)
    columns = pd.DataFrame(index=range(len(rows)))
    if source is not None and (rows.empty or rows.max() < len(source[1])):
        dataset, table = source
        reserved = {dataset.columns.text, dataset.columns.label, *dataset.columns.label_columns, "text", "truncated"}
        columns = table.iloc[rows].drop(columns=[name for name in table if name in reserved]).reset_index(drop=True)
    config = view.run.config
    with suppress(ModelError):  # the encoder may no longer be available to count tokens
        tokens = cache.token_counts(f"{view.run.id}-{view.split}", config.encoder, view.prediction_table["text"])
        columns["truncated"] = tokens.pieces > config.max_length
    return columns


def _show_examples(view: RunView) -> None:
    shown = view.run_predictions
    label = st.selectbox("Label", shown.task.labels, key=f"examples-{view.run.id}")
    examples = mistakes.label_examples(view.prediction_table, shown.predictions, label)
    captions = {
        "typical": "Texts with this label and the highest probability of it",
        "borderline": "Texts between this label and another",
    }
    for column, (kind, caption) in zip(st.columns(2), captions.items(), strict=True):
        with column:
            st.caption(caption)
            st.dataframe(
                examples.loc[examples["kind"] == kind, ["probability", "actual", "text"]],
                hide_index=True,
                column_config={"probability": st.column_config.NumberColumn(format="percent")},
                alt=caption,
            )
    download_buttons(examples, view.file_name("examples"))
