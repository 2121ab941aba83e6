"""Data: upload labeled texts, check and fix them, explore them, and see how they are split."""

from collections.abc import Callable

import streamlit as st

from core.data.checks.findings import SAMPLED_ROWS, Finding, by_severity
from core.data.checks.truncation import check_truncation
from core.data.columns import ColumnChoice
from core.data.corrections import list_corrections
from core.data.dataset import Dataset, damaged_datasets, list_datasets, save_dataset
from core.data.repairs import Repair
from core.data.samples import SAMPLES
from core.data.splitting import SplitConfig
from core.data.table import Table
from core.data.token_counts import DEFAULT_MAX_LENGTH, TokenCounts
from core.errors import StudioError
from core.models.encoders import BUILT_IN
from pages.sections.data.checks import show_findings
from pages.sections.data.code import show_data_code
from pages.sections.data.columns import change_columns, choose_columns
from pages.sections.data.corrections import choose_corrections
from pages.sections.data.explore import show_labels, show_lengths, show_table, show_tokens
from pages.sections.data.health import count_findings, show_health
from pages.sections.data.label_review import show_label_review
from pages.sections.data.repairs import show_repairs
from pages.sections.data.split import choose_split_config, show_split
from pages.sections.data.upload import (
    UploadedTable,
    choose_sample,
    load_from_hub,
    paste_rows,
    show_unreadable,
    upload_files,
)
from pages.shared import cache
from pages.shared.cache import LoadedTexts
from pages.shared.deep_link import follow_link, show_in_address
from pages.shared.navigation import go_to
from pages.shared.reading_options import describe_reading
from pages.shared.session import SOURCE, UPLOAD, remember_dataset
from pages.shared.visitor import limits, workspace
from pages.shared.widgets import (
    choose_dataset,
    delete_button,
    escape_markdown,
    page_header,
    show_damaged,
    show_error,
    show_errors,
)

_PREVIEW_ROWS = 5
_SOURCES: dict[str, Callable[[], UploadedTable | None]] = {
    "Sample": choose_sample,
    UPLOAD: upload_files,
    "Paste rows": paste_rows,
    "Hugging Face Hub": load_from_hub,
}
_CORRECTIONS = "Corrections"
_SAVED = "Saved datasets"


def sample_token_counts(loaded: LoadedTexts) -> TokenCounts:
    """The token counts of the first ``SAMPLED_ROWS`` texts."""
    texts = loaded.labeled.head(SAMPLED_ROWS).frame["text"]
    return cache.token_counts(loaded.fingerprint, BUILT_IN, texts)


def find_problems(loaded: LoadedTexts, uploaded: bool) -> list[Finding]:
    """The findings of all checks, the most severe first.

    Findings about guessed columns are for an uploaded table only: the columns of a saved dataset cannot be changed.
    """
    sample = loaded.labeled.head(SAMPLED_ROWS)
    truncation = check_truncation(sample, sample_token_counts(loaded), DEFAULT_MAX_LENGTH)
    findings = [finding for finding in cache.findings(loaded) if uploaded or not finding.control]
    return by_severity([*findings, *truncation])


def edit_repairs(loaded: LoadedTexts, findings: list[Finding], uploaded: UploadedTable | None = None) -> list[Repair]:
    """The repairs after the visitor's last click; shows the repairs and the findings."""
    repairs = list(loaded.repairs)
    if findings or repairs:
        st.header(f"Findings: {count_findings(findings) or 'none left'}", anchor=False)
    undone = show_repairs(repairs)
    if undone is not None:
        return repairs[:undone] + repairs[undone + 1 :]
    clicked = show_findings(findings, loaded)
    if isinstance(clicked, ColumnChoice) and uploaded:
        change_columns(uploaded, clicked)
        st.rerun()
    return [*repairs, clicked] if isinstance(clicked, Repair) else repairs


def explore(loaded: LoadedTexts, config: SplitConfig | None = None, table: Table | None = None) -> SplitConfig:
    """Tabs with the texts, their split, lengths, labels and tokens, and the table as it was read; returns how it is split.

    Without a ``config`` the visitor chooses it.
    """
    st.header("Explore", anchor=False)
    labeled, key = loaded.labeled, loaded.fingerprint
    titles = ["Texts", "Split", "Lengths", "Labels", "Tokens", *(["Table"] if table is not None else [])]
    texts_tab, split_tab, lengths_tab, labels_tab, tokens_tab, *table_tab = st.tabs(titles)
    with texts_tab:
        show_table(labeled, key)
    with split_tab:
        if config is None:
            st.caption("Each split gets its share of every label. Duplicate texts stay in the same split.")
            config = choose_split_config(labeled)
        show_split(cache.splits(loaded, config))
    with lengths_tab:
        show_lengths(labeled.head(SAMPLED_ROWS), sample_token_counts(loaded), key)
    with labels_tab:
        show_labels(labeled)
    with tokens_tab:
        show_tokens(BUILT_IN, str(labeled.frame["text"].iloc[0])[:300], key)
    if table is not None:
        with table_tab[0]:
            show_first_rows(table)
    show_data_code(loaded, config)
    return config


def show_first_rows(table: Table) -> None:
    """How a table was read, and its first rows."""
    st.caption(f"{escape_markdown(describe_reading(table, len(table)))} The first rows:")
    st.dataframe(table.frame.head(_PREVIEW_ROWS), hide_index=True, alt="The first rows of the table")


def show_uploaded(uploaded: UploadedTable) -> None:
    """The health of a new table, its columns, findings and texts; a button that saves it as a dataset stays in sight."""
    table = uploaded.table
    limits().check_rows(table.name, len(table))
    show_unreadable(table)
    health = st.container(key="health-summary")
    columns = choose_columns(uploaded)
    repairs_key = f"repairs-{uploaded.key}"
    repairs: tuple[Repair, ...] = st.session_state.get(repairs_key, ())
    loaded = cache.uploaded_texts(uploaded.key, columns, repairs, table)
    findings = find_problems(loaded, uploaded=True)
    edited = tuple(edit_repairs(loaded, findings, uploaded))
    if edited != repairs:
        st.session_state[repairs_key] = edited
        st.rerun()
    split_config = explore(loaded, table=table)
    with health:
        show_health(loaded.labeled, findings, cache.splits(loaded, split_config))
    with st.bottom, st.container(horizontal=True, vertical_alignment="bottom"):
        name = st.text_input("Dataset name", value=uploaded.name, max_chars=80).strip() or uploaded.name
        if st.button("Use this dataset", type="primary", icon=":material/check:"):
            dataset = save_dataset(workspace(), table, columns, split_config, name, repairs)
            if uploaded.parent:
                dataset.with_parent(uploaded.parent)
            remember_dataset(dataset.id)
            go_to("train")


def show_saved(datasets: list[Dataset]) -> None:
    """The health, findings and texts of a saved dataset, which can be renamed and deleted, and a review of its labels."""
    dataset = choose_dataset(datasets)
    show_in_address("dataset", dataset.id)
    with st.container(horizontal=True, vertical_alignment="bottom"):
        name = st.text_input("Name", value=dataset.name, max_chars=80, key=f"name-{dataset.id}").strip()
        if st.button("Rename", icon=":material/edit:", disabled=not name or name == dataset.name):
            dataset.rename(name)
            st.rerun()
        delete_button(dataset.folder, dataset.name, "Models that were trained on it are kept.")
    loaded = cache.dataset_texts(dataset)
    health = st.container(key="health-summary")
    findings = find_problems(loaded, uploaded=False)
    edited = edit_repairs(loaded, findings)
    if edited != list(dataset.repairs):
        dataset.change_repairs(edited)
        st.rerun()
    explore(loaded, dataset.split_config)
    with health:
        show_health(loaded.labeled, findings, cache.splits(loaded, dataset.split_config))
    st.header("Label errors and text map", anchor=False)
    show_label_review(dataset, loaded.labeled.task)
    st.caption(
        f"{escape_markdown(describe_reading(loaded.table, len(loaded.table)))} Fingerprint: {dataset.fingerprint}."
    )
    with st.bottom:
        if st.button("Train on this dataset", type="primary", icon=":material/model_training:"):
            go_to("train")


def show_example() -> None:
    """What a table of labeled texts looks like, and one click that opens a sample instead."""
    table = SAMPLES[0].read().frame
    st.info("The table needs a column of texts and a column of labels.", icon=":material/info:")
    st.caption(f"For example, the first rows of the sample {SAMPLES[0].title}:")
    st.dataframe(table.head(_PREVIEW_ROWS), hide_index=True, alt="An example of a table of labeled texts")
    st.button("Use the sample instead", icon=":material/table_view:", on_click=choose_source, args=("Sample",))


def choose_source(source: str) -> None:
    """Make a source the chosen one."""
    st.session_state[SOURCE] = source


page_header("Data", "Upload labeled texts, check and fix them, and see how they are split for training and evaluation.")
datasets, damaged = list_datasets(workspace()), damaged_datasets(workspace())
uploads = _SOURCES | ({_CORRECTIONS: choose_corrections} if list_corrections(workspace()) else {})
sources = [*uploads, *([_SAVED] if datasets or damaged else [])]
if follow_link("dataset", [dataset.id for dataset in datasets]):
    choose_source(_SAVED)
if st.session_state.get(SOURCE) not in sources:
    choose_source(sources[0])
source = (
    st.segmented_control("Source", sources, required=True, wrap=False, key=SOURCE, label_visibility="collapsed")
    or sources[0]
)
with show_errors():
    if source == _SAVED:
        show_damaged(damaged)
        if datasets:
            show_saved(datasets)
    else:
        uploaded = uploads[source]()
        if uploaded is None:
            show_example()
        else:
            try:
                show_uploaded(uploaded)
            except StudioError as error:
                # Other columns may help, and the first rows show which.
                show_error(error.message, error.hint)
                show_first_rows(uploaded.table)
