"""Data: upload labeled texts, check and fix them, explore them, and see how they are split."""

from collections.abc import Callable

import streamlit as st

from core.data.checks.findings import SAMPLED_ROWS, by_severity
from core.data.checks.truncation import check_truncation
from core.data.columns import ColumnChoice
from core.data.corrections import list_corrections
from core.data.dataset import Dataset, damaged_datasets, list_datasets, save_dataset
from core.data.repairs import Repair
from core.data.splitting import SplitConfig
from core.data.token_counts import DEFAULT_MAX_LENGTH, TokenCounts
from core.models.encoders import BUILT_IN
from pages.sections.data.checks import show_findings
from pages.sections.data.columns import change_columns, choose_columns
from pages.sections.data.corrections import choose_corrections
from pages.sections.data.explore import show_labels, show_lengths, show_table, show_tokens
from pages.sections.data.label_review import show_label_review
from pages.sections.data.repairs import show_repairs
from pages.sections.data.split import choose_split_config, show_split
from pages.sections.data.upload import (
    UploadedTable,
    choose_sample,
    describe_reading,
    load_from_hub,
    paste_rows,
    show_unreadable,
    upload_files,
)
from pages.shared import cache
from pages.shared.cache import LoadedTexts
from pages.shared.navigation import go_to
from pages.shared.session import remember_dataset
from pages.shared.visitor import workspace
from pages.shared.widgets import (
    choose_dataset,
    delete_button,
    escape_markdown,
    page_header,
    show_damaged,
    show_errors,
)

_PREVIEW_ROWS = 5
_SOURCES: dict[str, Callable[[], UploadedTable | None]] = {
    "Sample": choose_sample,
    "Upload": upload_files,
    "Paste rows": paste_rows,
    "Hugging Face Hub": load_from_hub,
}
_CORRECTIONS = "Corrections"
_SAVED = "Saved datasets"


def sample_token_counts(loaded: LoadedTexts) -> TokenCounts:
    """The token counts of the first ``SAMPLED_ROWS`` texts."""
    texts = loaded.labeled.head(SAMPLED_ROWS).frame["text"]
    return cache.token_counts(loaded.fingerprint, BUILT_IN, texts)


def edit_repairs(loaded: LoadedTexts, uploaded: UploadedTable | None = None) -> list[Repair]:
    """The repairs after the visitor's last click; shows the repairs and the findings.

    Findings about guessed columns are shown for an ``uploaded`` table only: the columns of a saved dataset cannot be changed.
    """
    st.subheader("Checks", anchor=False)
    repairs = list(loaded.repairs)
    undone = show_repairs(repairs)
    if undone is not None:
        return repairs[:undone] + repairs[undone + 1 :]
    sample = loaded.labeled.head(SAMPLED_ROWS)
    truncation = check_truncation(sample, sample_token_counts(loaded), DEFAULT_MAX_LENGTH)
    findings = [finding for finding in cache.findings(loaded) if uploaded or not finding.control]
    clicked = show_findings(by_severity([*findings, *truncation]), loaded)
    if isinstance(clicked, ColumnChoice) and uploaded:
        change_columns(uploaded, clicked)
        st.rerun()
    return [*repairs, clicked] if isinstance(clicked, Repair) else repairs


def explore(loaded: LoadedTexts, split_config: SplitConfig) -> None:
    """Tabs with the split, the texts, their lengths, their labels and their tokens."""
    st.subheader("Explore", anchor=False)
    labeled, key = loaded.labeled, loaded.fingerprint
    split_tab, texts_tab, lengths_tab, labels_tab, tokens_tab = st.tabs(
        ["Split", "Texts", "Lengths", "Labels", "Tokens"]
    )
    with split_tab:
        show_split(cache.splits(loaded, split_config))
    with texts_tab:
        show_table(labeled, key)
    with lengths_tab:
        show_lengths(labeled.head(SAMPLED_ROWS), sample_token_counts(loaded), key)
    with labels_tab:
        show_labels(labeled)
    with tokens_tab:
        show_tokens(BUILT_IN, str(labeled.frame["text"].iloc[0])[:300], key)


def show_uploaded(uploaded: UploadedTable) -> None:
    """Choose columns, repairs and split for a new table, explore it, and save it as a dataset."""
    table = uploaded.table
    if uploaded.columns is not None:
        st.caption(escape_markdown(describe_reading(table)))
    show_unreadable(table)
    st.dataframe(table.frame.head(_PREVIEW_ROWS), hide_index=True, alt="The first rows of the table")
    columns = choose_columns(uploaded)
    repairs_key = f"repairs-{uploaded.key}"
    repairs: tuple[Repair, ...] = st.session_state.get(repairs_key, ())
    loaded = cache.uploaded_texts(uploaded.key, columns, repairs, table)
    edited = tuple(edit_repairs(loaded, uploaded))
    if edited != repairs:
        st.session_state[repairs_key] = edited
        st.rerun()
    st.subheader("Split", anchor=False)
    st.caption("Each split gets its share of every label. Duplicate texts stay in the same split.")
    split_config = choose_split_config(loaded.labeled)
    explore(loaded, split_config)
    st.divider()
    with st.container(horizontal=True, vertical_alignment="bottom"):
        name = st.text_input("Dataset name", value=uploaded.name, max_chars=80).strip() or uploaded.name
        if st.button("Use this dataset", type="primary", icon=":material/check:"):
            dataset = save_dataset(workspace(), table, columns, split_config, name, repairs)
            remember_dataset(dataset.id)
            go_to("train")


def show_saved(datasets: list[Dataset]) -> None:
    """Rename, delete, repair and explore a saved dataset, and review its labels."""
    dataset = choose_dataset(datasets)
    with st.container(horizontal=True, vertical_alignment="bottom"):
        name = st.text_input("Name", value=dataset.name, max_chars=80, key=f"name-{dataset.id}").strip()
        if st.button("Rename", icon=":material/edit:", disabled=not name or name == dataset.name):
            dataset.rename(name)
            st.rerun()
        delete_button(dataset.folder, dataset.name, "Models that were trained on it are kept.")
    loaded = cache.dataset_texts(dataset)
    st.caption(f"{escape_markdown(describe_reading(loaded.table))} Fingerprint: {dataset.fingerprint}.")
    edited = edit_repairs(loaded)
    if edited != list(dataset.repairs):
        dataset.change_repairs(edited)
        st.rerun()
    explore(loaded, dataset.split_config)
    st.subheader("Label errors and text map", anchor=False)
    show_label_review(dataset, loaded.labeled.task)


page_header("Data", "Upload labeled texts, check and fix them, and see how they are split for training and evaluation.")
datasets, damaged = list_datasets(workspace()), damaged_datasets(workspace())
uploads = _SOURCES | ({_CORRECTIONS: choose_corrections} if list_corrections(workspace()) else {})
sources = [*uploads, *([_SAVED] if datasets or damaged else [])]
source = st.segmented_control("Source", sources, default=sources[0], required=True) or sources[0]
with show_errors():
    if source == _SAVED:
        show_damaged(damaged)
        if datasets:
            show_saved(datasets)
    else:
        uploaded = uploads[source]()
        if uploaded is None:
            st.info("The table needs a column of texts and a column of labels.", icon=":material/info:")
        else:
            show_uploaded(uploaded)
