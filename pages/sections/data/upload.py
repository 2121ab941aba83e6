"""Upload a table: a sample, files, pasted rows, or a dataset of the Hugging Face Hub. How it is read can be changed."""

from dataclasses import dataclass
from pathlib import Path

import pandas as pd
import streamlit as st

from core.data.columns import ColumnChoice
from core.data.dataset import DatasetRef
from core.data.reading.files import EXTENSIONS
from core.data.reading.hub import HubDataset
from core.data.reading.misreading import cut_sample
from core.data.reading.sandbox import read_hub_dataset, read_pasted, read_tables
from core.data.reading.sandbox_processes import warm_up
from core.data.samples import SAMPLES
from core.data.table import ReadOptions, Table
from core.formatting import join_names, pluralize
from core.jobs.events import OnProgress
from pages.shared import cache
from pages.shared.downloads import download_csv
from pages.shared.reading import read_once
from pages.shared.reading_options import Source, read_with_options
from pages.shared.session import SAMPLE
from pages.shared.visitor import limits

_SHOWN_UNREADABLE = 200


@dataclass(frozen=True)
class UploadedTable:
    """A table with a key that names its bytes and how they were read, and a name; only samples know their columns.

    ``parent`` is the dataset that the table corrects.
    """

    key: str
    name: str
    table: Table
    columns: ColumnChoice | None = None
    parent: DatasetRef | None = None


def choose_sample() -> UploadedTable:
    """One of the samples that come with the app."""
    st.session_state.setdefault(SAMPLE, 0)
    chosen = st.pills("Sample", range(len(SAMPLES)), key=SAMPLE, required=True, format_func=lambda i: SAMPLES[i].title)
    sample = SAMPLES[chosen or 0]
    st.caption(sample.description)
    with st.expander("How this sample was made"):
        st.markdown(sample.card())
    table = cache.table(sample.file, ReadOptions(), sample.read)
    return UploadedTable(sample.file, sample.title, table, sample.columns)


def upload_files() -> UploadedTable | None:
    """The table in the uploaded files: a single file, or one for each split."""
    warm_up()
    files = st.file_uploader(
        "Table of texts and labels",
        type=list(EXTENSIONS),
        accept_multiple_files=True,
        max_upload_size=limits().upload_mb,
        help="CSV, TSV, JSON, JSON Lines, Excel, or Parquet; these compressed with gzip or zip; or a zip with a folder for "
        "each class. You can upload several files if their names contain train, validation, and test.",
    )
    if not files:
        return None
    key = "+".join(file.file_id for file in files)
    contents = {file.name: file.getvalue() for file in files}
    start = {name: cut_sample(data) for name, data in contents.items()} if len(contents) == 1 else {}

    def read(options: ReadOptions, on_progress: OnProgress) -> Table:
        return read_tables(contents, options, on_progress=on_progress)

    def read_start(options: ReadOptions, on_progress: OnProgress) -> Table:
        return read_tables(start, options, on_progress=on_progress)

    names = join_names(list(contents))
    return _choose_reading(
        Path(files[0].name).stem, Source(key, names, read, _itself, len, read_start if start else None)
    )


def paste_rows() -> UploadedTable | None:
    """The table in rows that were pasted into a text box."""
    text = st.text_area(
        "Rows with a header line",
        height=180,
        placeholder="text,label\nthe parcel never came,shipping\nI was charged twice,billing",
    )
    if not text.strip():
        return None

    def read(options: ReadOptions, on_progress: OnProgress) -> Table:
        return read_pasted(text, options, on_progress)

    return _choose_reading("Pasted rows", Source(f"pasted:{text}", "the pasted text", read, _itself, len, read))


def load_from_hub() -> UploadedTable | None:
    """A dataset of the Hugging Face Hub."""
    with st.form("hub", border=False):
        left, middle, right, button = st.columns([3, 2, 2, 1], vertical_alignment="bottom")
        name = left.text_input("Dataset", placeholder="owner/name", help="As on huggingface.co/datasets.").strip()
        config = middle.text_input("Configuration", placeholder="default").strip()
        split = right.text_input("Split", placeholder="all", help="All of a split, or a part: train[:5000].").strip()
        button.form_submit_button("Load", width="stretch")
    if not name:
        return None
    key = f"hub:{name}:{config}:{split}"
    table = read_once((key,), name, lambda on_progress: read_hub_dataset(HubDataset(name, config, split), on_progress))
    return UploadedTable(key, name.split("/")[-1], table) if table is not None else None


def _choose_reading(name: str, source: Source[Table]) -> UploadedTable | None:
    """The table of a source, read as the visitor chooses."""
    found = read_with_options(source)
    return UploadedTable(f"{source.key}:{found[1]}", name, found[0]) if found else None


def _itself(table: Table) -> Table:
    return table


def show_unreadable(table: Table) -> None:
    """Show the rows that could not be read, with a download button."""
    if not table.unreadable:
        return
    rows = pd.DataFrame(
        [(row.line, row.reason, row.content) for row in table.unreadable], columns=["line", "problem", "content"]
    )
    with st.expander(f":material/warning: {pluralize(len(rows), 'row')} could not be read"):
        st.dataframe(rows.head(_SHOWN_UNREADABLE), hide_index=True, alt="Rows that could not be read")
        download_csv("Download these rows", rows, f"{Path(table.name).stem}-unreadable")
