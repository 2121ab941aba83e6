"""Upload a table: a sample, files, pasted rows, or a dataset of the Hugging Face Hub. How it is read can be changed."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path

import pandas as pd
import streamlit as st

from core.data.columns import ColumnChoice
from core.data.reading.encodings import ENCODINGS
from core.data.reading.files import DELIMITERS, EXTENSIONS
from core.data.reading.hub import load_hub_dataset
from core.data.reading.misreading import cut_sample
from core.data.reading.sandbox_processes import warm_up
from core.data.samples import SAMPLES
from core.data.table import ReadOptions, Table
from core.formatting import pluralize
from pages.sections.data.misreading import offer_alternative
from pages.shared import cache
from pages.shared.downloads import download_csv
from pages.shared.reading import read_files, read_pasted
from pages.shared.session import SAMPLE

_SHOWN_UNREADABLE = 200
_QUOTES = {'"': 'quoted with "', "'": "quoted with '", "": "not quoted"}
_FIRST_ROWS = {True: "column names", False: "data"}


@dataclass(frozen=True)
class UploadedTable:
    """A table with a key that names its bytes and how they were read, and a name; only samples know their columns."""

    key: str
    name: str
    table: Table
    columns: ColumnChoice | None = None


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
        help="CSV, TSV, JSON, JSON Lines, Excel, or Parquet; these compressed with gzip or zip; or a zip with a folder for "
        "each class. You can upload several files if their names contain train, validation, and test.",
    )
    if not files:
        return None
    key = "+".join(file.file_id for file in files)
    contents = {file.name: file.getvalue() for file in files}
    start = {name: cut_sample(data) for name, data in contents.items()} if len(contents) == 1 else {}
    return _read_with_options(
        key,
        Path(files[0].name).stem,
        lambda options: read_files(contents, options),
        (lambda options: read_files(start, options)) if start else None,
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

    def read(options: ReadOptions) -> Table:
        return read_pasted(text, options)

    return _read_with_options(f"pasted:{text}", "Pasted rows", read, read)


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
    table = cache.table(key, ReadOptions(), lambda: load_hub_dataset(name, config, split))
    return UploadedTable(key, name.split("/")[-1], table)


def describe_reading(table: Table) -> str:
    """How a table was read, in one line."""
    parts = [f"{table.format}, sheet {table.sheet}" if len(table.sheets) > 1 else table.format]
    if table.encoding:
        parts.append(table.encoding)
    if table.delimiter:
        parts += [f"{DELIMITERS.get(table.delimiter, 'other')}-separated", _QUOTES.get(table.quote, "quoted")]
    parts.append("with header" if table.header else "no header")
    size = f"{pluralize(len(table), 'row')} and {pluralize(len(table.frame.columns), 'column')}"
    return f"{', '.join(parts)}: {size}."


def _read_with_options(
    key: str, name: str, read: Callable[[ReadOptions], Table], read_start: Callable[[ReadOptions], Table] | None
) -> UploadedTable:
    """The table as it is read with the options that were chosen so far; ``read_start`` reads the first rows, if it can."""
    options = st.session_state.get(f"read-{key}", ReadOptions())
    options = _choose_sheet(key, options)
    table = cache.table(key, options, lambda: read(options))
    _remember_sheets(key, table)
    with st.expander(describe_reading(table)):
        chosen = _choose_options(key, table, options)
        if st.button("Read again", icon=":material/refresh:", disabled=chosen == options):
            st.session_state[f"read-{key}"] = chosen
            st.rerun()
    if other := offer_alternative(key, table, options, read_start):
        st.session_state[f"read-{key}"] = other
        st.rerun()
    return UploadedTable(f"{key}:{options}", name, table)


def _choose_sheet(key: str, options: ReadOptions) -> ReadOptions:
    """The options with the chosen sheet, where the file has several; it can be chosen also if a sheet cannot be read."""
    sheets = st.session_state.get(f"sheets-{key}", ())
    if len(sheets) < 2:
        return options
    current = options.sheet or st.session_state[f"sheet-read-{key}"]
    sheet = st.selectbox("Sheet", sheets, sheets.index(current) if current in sheets else 0, key=f"sheet-{key}")
    return replace(options, sheet=sheet) if options.sheet or sheet != current else options


def _remember_sheets(key: str, table: Table) -> None:
    """Keep the names of the sheets, and show them at once."""
    if len(table.sheets) > 1 and f"sheets-{key}" not in st.session_state:
        st.session_state[f"sheets-{key}"] = table.sheets
        st.session_state[f"sheet-read-{key}"] = table.sheet
        st.rerun()


def _choose_options(key: str, table: Table, options: ReadOptions) -> ReadOptions:
    left, middle, right, last = st.columns(4)
    encodings = list(dict.fromkeys([table.encoding, *ENCODINGS]))
    encoding = left.selectbox("Encoding", encodings, key=f"encoding-{key}", disabled=not table.encoding)
    delimiter, quote = table.delimiter, table.quote
    if table.format == "CSV":
        delimiters = list(dict.fromkeys([table.delimiter, *DELIMITERS]))
        delimiter = middle.selectbox(
            "Delimiter", delimiters, format_func=lambda d: DELIMITERS.get(d, "none"), key=f"delimiter-{key}"
        )
        quotes = list(dict.fromkeys([table.quote, *_QUOTES]))
        quote = right.selectbox("Quotes", quotes, format_func=_QUOTES.__getitem__, key=f"quote-{key}")
    first_rows = [table.header, not table.header]
    header = last.selectbox("First row", first_rows, format_func=_FIRST_ROWS.__getitem__, key=f"header-{key}")
    return ReadOptions(
        encoding=encoding if encoding != table.encoding else options.encoding,
        delimiter=delimiter if delimiter != table.delimiter else options.delimiter,
        quote=quote if quote != table.quote else options.quote,
        header=header if header != table.header else options.header,
        sheet=options.sheet,
    )


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
