"""Bring labelled texts in, check and mend them, see what is there and how it is split."""

import json

import streamlit as st

from core.data.checks.findings import SAMPLED_ROWS, by_severity
from core.data.checks.truncation import check_tokens
from core.data.columns import ColumnChoice, LabeledTexts
from core.data.dataset import Dataset, change_repairs, list_datasets, rename_dataset, save_dataset
from core.data.repairs import Repair
from core.data.splitting import Splits
from core.data.table import Table
from core.data.token_counts import DEFAULT_MAX_LENGTH, TokenCounts
from core.models.encoders import BUILT_IN
from core.workspace import delete
from pages.sections.data.columns import choose_columns, choose_split_config, show_split
from pages.sections.data.explore import show_labels, show_lengths, show_table, show_word_pieces
from pages.sections.data.repairs import review, show_findings, show_repairs
from pages.sections.data.upload import (
    UploadedTable,
    choose_sample,
    describe,
    load_from_hub,
    paste_rows,
    show_unreadable,
    upload_files,
)
from pages.shared import cache
from pages.shared.navigation import go
from pages.shared.visitor import workspace
from pages.shared.widgets import choose_dataset, header, plain, remember_dataset, show_errors

_PREVIEWED = 5
_BRING = {
    "A sample": choose_sample,
    "Upload": upload_files,
    "Paste rows": paste_rows,
    "Hugging Face hub": load_from_hub,
}
_SAVED = "Saved data sets"


def explore(labeled: LabeledTexts, fingerprint: str, splits: Splits) -> None:
    """Tabs: the split, the rows, their lengths, their labels, their word pieces."""
    st.subheader("What is there", anchor=False)
    split_tab, rows_tab, lengths_tab, labels_tab, pieces_tab = st.tabs(
        ["Split", "Texts", "Lengths", "Labels", "Word pieces"]
    )
    with split_tab:
        show_split(splits)
    with rows_tab:
        show_table(labeled, fingerprint)
    with lengths_tab:
        show_lengths(*pluralize(fingerprint, labeled), fingerprint)
    with labels_tab:
        show_labels(labeled)
    with pieces_tab:
        show_word_pieces(BUILT_IN, str(labeled.frame["text"].iloc[0])[:300], fingerprint)


def pluralize(fingerprint: str, labeled: LabeledTexts) -> tuple[LabeledTexts, TokenCounts]:
    """As many rows as are looked into, and their word pieces."""
    first = labeled.first(SAMPLED_ROWS)
    return first, cache.tokens(fingerprint, BUILT_IN, first.frame["text"])


def checks(
    key: str, fingerprint: str, columns: ColumnChoice, table: Table, labeled: LabeledTexts, repairs: list[Repair]
) -> list[Repair]:
    """Findings and repairs; the repairs as they should be after what was clicked."""
    st.subheader("Checks", anchor=False)
    undone = show_repairs(repairs)
    if undone is not None:
        return [step for position, step in enumerate(repairs) if position != undone]
    findings = by_severity(
        [
            *cache.findings(key, fingerprint, columns, table, labeled),
            *check_tokens(*pluralize(fingerprint, labeled), DEFAULT_MAX_LENGTH),
        ]
    )
    asked = show_findings(findings, table, labeled, repairs)
    return [*repairs, asked] if asked else repairs


def accept(brought: UploadedTable) -> None:
    """Choose columns and split, check, look, store the data set."""
    table = brought.table
    if brought.columns is not None:
        st.caption(describe(table))
    show_unreadable(table)
    st.dataframe(table.frame.head(_PREVIEWED), hide_index=True, alt="The first rows of the table")
    columns = choose_columns(brought)
    remembered = f"repairs-{brought.key}"
    repairs = [Repair.from_json(step) for step in st.session_state.get(remembered, [])]
    steps = json.dumps([repair.to_json() for repair in repairs])
    labeled = cache.labeled(brought.key, columns, steps, table)
    fingerprint = cache.fingerprint_of(brought.key, columns, steps, labeled)
    wanted = checks(brought.key, fingerprint, columns, table, labeled, repairs)
    if wanted != repairs:
        st.session_state[remembered] = [repair.to_json() for repair in wanted]
        st.rerun()
    st.subheader("Split", anchor=False)
    st.caption("Every label gets its share of each part; texts that occur twice stay together.")
    split_config = choose_split_config(labeled)
    explore(labeled, fingerprint, cache.splits(fingerprint, columns, split_config, labeled))
    st.divider()
    with st.container(horizontal=True, vertical_alignment="bottom"):
        title = st.text_input("Name of the data set", value=brought.name, max_chars=80).strip()
        if st.button("Use this data", type="primary", icon=":material/check:"):
            name = title or brought.name
            remember_dataset(save_dataset(workspace(), table, columns, split_config, name, repairs).id)
            go("train")


def show_saved(saved: list[Dataset]) -> None:
    """A data set as it was stored: its checks and repairs, what is there, doubtful labels."""
    dataset = choose_dataset(saved)
    table, labeled = cache.stored(dataset.id, dataset.fingerprint, dataset)
    st.caption(f"{plain(describe(table))} Fingerprint {dataset.fingerprint}.")
    with st.container(horizontal=True, vertical_alignment="bottom"):
        name = st.text_input("Name", value=dataset.name, max_chars=80, key=f"name-{dataset.id}").strip()
        if st.button("Rename", icon=":material/edit:", disabled=not name or name == dataset.name):
            rename_dataset(dataset, name)
            st.rerun()
        if st.button("Delete", icon=":material/delete:"):
            confirm_delete(dataset)
    wanted = checks(dataset.id, dataset.fingerprint, dataset.columns, table, labeled, list(dataset.repairs))
    if wanted != list(dataset.repairs):
        change_repairs(dataset, wanted)
        st.rerun()
    explore(
        labeled, dataset.fingerprint, cache.splits(dataset.fingerprint, dataset.columns, dataset.split_config, labeled)
    )
    st.subheader("A closer look", anchor=False)
    review(dataset, labeled)


@st.dialog("Delete this data set?")
def confirm_delete(dataset: Dataset) -> None:
    """Ask before a data set is gone."""
    st.markdown(f"**{plain(dataset.name)}** with {dataset.rows:,} rows will be gone. Models trained on it stay.")
    if st.button("Delete it", type="primary", icon=":material/delete:"):
        delete(dataset.folder)
        st.rerun()


header("Data", "Bring labelled texts, check and mend them, and see how they are split for training and testing.")
saved = list_datasets(workspace())
sources = [*_BRING, *([_SAVED] if saved else [])]
source = st.segmented_control("Where from", sources, default=sources[0], required=True) or sources[0]
with show_errors():
    if source == _SAVED:
        show_saved(saved)
    else:
        brought = _BRING[source]()
        if brought is None:
            st.info("The table needs a column of texts and a column of labels.", icon=":material/info:")
        else:
            accept(brought)
