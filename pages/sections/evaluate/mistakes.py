"""The section Mistakes: all mistakes as texts, labels that may be wrong, slices with lower accuracy, example texts."""

from collections.abc import Callable
from contextlib import suppress

import pandas as pd
import streamlit as st

from core.data.dataset import Dataset, find_dataset
from core.data.repairs import Repair
from core.errors import DataError, ModelError, StudioError
from core.evaluation.diagnostics import mistakes
from core.formatting import pluralize
from pages.sections.evaluate.text_cards import show_text_cards
from pages.sections.evaluate.view import RunView
from pages.shared import cache
from pages.shared.downloads import download_buttons, download_csv
from pages.shared.visitor import workspace
from pages.shared.widgets import show_error, show_errors

_MAX_REVIEWED = 50
# Three lines of text.
_REVIEW_ROW_HEIGHT = 72
_LEAVE_OUT = "leave the row out"
# The widget key of the part that is shown.
PARTS = "mistakes-part"
# The orders by name: ascending or not; None for the order of the file.
_CONFIDENCE_ORDERS = {"Most confident first": False, "Least confident first": True, "As in the file": None}
_ERROR_ORDERS = {"Largest error first": False, "Smallest error first": True, "As in the file": None}


def show_mistakes(view: RunView) -> None:
    """Draw the part that is chosen: the mistakes as texts, labels to review, slices, or examples."""
    regression = view.run.task.kind == "regression"
    parts: dict[str, Callable[[RunView], None]] = {"Largest errors" if regression else "Mistakes": _show_all}
    if view.run.task.one_label:
        parts["Labels that may be wrong"] = _show_label_review
    parts["Slices with larger errors" if regression else "Slices with lower accuracy"] = _show_slices
    if view.run.task.labels:
        parts["Typical and borderline texts"] = _show_examples
    for tab, show in zip(st.tabs(list(parts), key=PARTS, on_change="rerun"), parts.values(), strict=True):
        if tab.open:
            with tab:
                show(view)


@st.fragment
def _show_all(view: RunView) -> None:
    """Draw the wrong predictions with filters and an order, rerun on their own."""
    with show_errors():
        _show_filtered(view)


def _show_filtered(view: RunView) -> None:
    """Draw the wrong predictions that the filters let through; for a regression all rows, largest errors first."""
    wrong = mistakes.all_mistakes(view.run.task, view.prediction_table)
    if wrong.empty:
        st.success("The model makes no mistakes on these rows.", icon=":material/check_circle:")
    else:
        chosen = _choose_rows(view, wrong)
        if chosen.empty:
            st.info("No mistake fits these filters.", icon=":material/filter_alt_off:")
        else:
            noun = ("row", "rows") if view.run.task.kind == "regression" else ("mistake", "mistakes")
            st.caption(
                f"{len(chosen):,} of {pluralize(len(wrong), *noun)} in {pluralize(view.run.sizes[view.split], 'row')}"
            )
        show_text_cards(view, chosen, f"mistakes-{view.run.id}")
        download_csv("Download these mistakes", chosen, view.file_name("mistakes"))
    download_csv("Download all predictions", view.prediction_table, view.file_name("predictions"))


def _choose_rows(view: RunView, wrong: pd.DataFrame) -> pd.DataFrame:
    """The rows that the filters let through, in the chosen order."""
    actual = predicted = ""
    column, orders = "confidence", _CONFIDENCE_ORDERS
    regression = view.run.task.kind == "regression"
    cells = st.columns(2 if regression else 4)
    if regression:
        column, orders = "error", _ERROR_ORDERS
    else:
        labels = list(view.run.task.labels)
        actual = cells[0].selectbox("Actual label", ["", *labels], format_func=_or_any, key=f"actual-{view.run.id}")
        predicted = cells[1].selectbox(
            "Predicted label", ["", *labels], format_func=_or_any, key=f"predicted-{view.run.id}"
        )
    search = cells[-2].text_input("Search the texts", icon=":material/search:", key=f"search-{view.run.id}")
    order = cells[-1].selectbox("Order", list(orders), key=f"order-{column}")
    chosen = mistakes.filter_rows(wrong, actual, predicted, search.strip())
    ascending = orders[order]
    return chosen if ascending is None else chosen.sort_values(column, ascending=ascending, kind="stable")


def _or_any(label: str) -> str:
    return label or "Any"


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


def _show_label_review(view: RunView) -> None:
    """Draw an editor for the labels that the model contradicts with high confidence."""
    source = _load_dataset(view)
    dataset = source[0] if source else None
    suspects = mistakes.suspected_label_errors(view.run.task, view.prediction_table, _MAX_REVIEWED)
    suspects = suspects.reset_index(drop=True)
    if suspects.empty:
        st.caption("On these rows, the model contradicts no label with a confidence of 80% or more.")
        return
    st.caption(
        "The model contradicts these labels with a confidence of 80% or more. Either the model or the label is wrong."
    )
    if view.split == "test":
        st.warning(
            "Correcting only the test labels that this model contradicts makes its test score too good. Correct labels of all "
            "splits: Data finds them without this model.",
            icon=":material/warning:",
        )
    if dataset is None:
        show_text_cards(view, suspects, f"suspects-{view.run.id}")
        st.caption("The dataset is not available, so labels cannot be corrected here.")
        return
    edited = st.data_editor(
        suspects[["actual", "predicted", "confidence", "text"]].rename(columns={"actual": "label"}),
        hide_index=True,
        row_height=_REVIEW_ROW_HEIGHT,
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


def _show_slices(view: RunView) -> None:
    slices = cache.error_slices(*view.key, _slice_columns(view, _load_dataset(view)))
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
            show_text_cards(view, examples[examples["kind"] == kind], f"{kind}-{view.run.id}")
    download_buttons(examples, view.file_name("examples"))
