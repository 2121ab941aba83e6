"""Bring a table in: a sample, files, pasted rows or the hub; and say how it was read, so that it can be changed."""

from collections.abc import Callable
from dataclasses import dataclass

import pandas as pd
import streamlit as st

from core.data.columns import ColumnChoice
from core.data.reading.encodings import ENCODINGS
from core.data.reading.files import DELIMITERS, EXTENSIONS, paste, read_files
from core.data.reading.hub import load_hub_dataset
from core.data.samples import SAMPLES
from core.data.table import ReadOptions, Table
from core.prediction.predict import escape_formulas
from pages.shared import cache
from pages.shared.widgets import plain

_SHOWN_UNREADABLE = 200
_QUOTES = {'"': 'quoted with "', "'": "quoted with '", "": "quotation marks are text"}
_HEADERS = {True: "names the columns", False: "is a row like the others"}


@dataclass(frozen=True)
class UploadedTable:
    """A table that somebody brought: ``key`` names it, ``name`` is what to call it, ``columns`` are known for samples alone."""

    key: str
    name: str
    table: Table
    columns: ColumnChoice | None = None


def choose_sample() -> UploadedTable:
    """One of the samples that ship with the project."""
    chosen = st.pills("Sample", range(len(SAMPLES)), default=0, required=True, format_func=lambda i: SAMPLES[i].title)
    sample = SAMPLES[chosen or 0]
    st.caption(sample.about)
    with st.expander("How this sample was made"):
        st.markdown(sample.card())
    table = cache.table(sample.file, ReadOptions(), sample.read)
    return UploadedTable(sample.file, sample.title, table, sample.columns)


def upload_files() -> UploadedTable | None:
    """Uploaded files: one, or one for each split."""
    files = st.file_uploader(
        "A table of texts and labels",
        type=list(EXTENSIONS),
        accept_multiple_files=True,
        help="CSV, TSV, JSON, JSON Lines, Excel, Parquet; gzip or zip of these; a zip with one folder a class. Several files at "
        "once if their names say train, validation and test.",
    )
    if not files:
        return None
    key = "+".join(file.file_id for file in files)
    contents = {file.name: file.getvalue() for file in files}
    return _read_as_told(key, files[0].name.rsplit(".", 1)[0], lambda options: read_files(contents, options))


def paste_rows() -> UploadedTable | None:
    """Rows pasted into a box."""
    pasted = st.text_area(
        "Rows with a header line",
        height=180,
        placeholder="text,label\nthe parcel never came,shipping\nI was charged twice,billing",
    )
    if not pasted.strip():
        return None
    return _read_as_told(f"pasted:{pasted}", "Pasted rows", lambda options: paste(pasted, options))


def load_from_hub() -> UploadedTable | None:
    """A data set of the Hugging Face hub."""
    with st.form("hub", border=False):
        left, middle, right, button = st.columns([3, 2, 2, 1], vertical_alignment="bottom")
        name = left.text_input("Data set", placeholder="owner/name", help="As on huggingface.co/datasets.").strip()
        config = middle.text_input("Configuration", placeholder="default").strip()
        split = right.text_input("Split", placeholder="all", help='Or a part of one: "train[:5000]".').strip()
        button.form_submit_button("Load", width="stretch")
    if not name:
        return None
    key = f"hub:{name}:{config}:{split}"
    return UploadedTable(
        key, name.split("/")[-1], cache.table(key, ReadOptions(), lambda: load_hub_dataset(name, config, split))
    )


def _read_as_told(key: str, name: str, read: Callable[[ReadOptions], Table]) -> UploadedTable:
    """Read with what was said about the file so far, and let more be said."""
    options = st.session_state.get(f"read-{key}", ReadOptions())
    table = cache.table(key, options, lambda: read(options))
    _change_reading(key, table, options)
    return UploadedTable(f"{key}:{options}", name, table)


def describe(table: Table) -> str:
    """How a table was read, in one line."""
    parts = [table.form]
    if table.encoding:
        parts.append(table.encoding)
    if table.delimiter:
        parts.append(f"{DELIMITERS.get(table.delimiter, 'other')}-separated")
        parts.append(_QUOTES.get(table.quote, "quoted"))
    parts.append("first row names the columns" if table.header else "no header")
    return f"Read as {', '.join(parts)}: {len(table):,} rows and {len(table.frame.columns)} columns."


def _change_reading(key: str, table: Table, options: ReadOptions) -> None:
    with st.expander(describe(table)):
        left, middle, right, last = st.columns(4)
        encodings = list(dict.fromkeys([table.encoding, *ENCODINGS]))
        encoding = left.selectbox("Encoding", encodings, key=f"encoding-{key}", disabled=not table.encoding)
        delimiter, quote = table.delimiter, table.quote
        if table.form == "CSV":
            delimiters = list(dict.fromkeys([table.delimiter, *DELIMITERS]))
            delimiter = middle.selectbox(
                "Between columns",
                delimiters,
                format_func=lambda d: DELIMITERS.get(d, "nothing"),
                key=f"delimiter-{key}",
            )
            quotes = list(dict.fromkeys([table.quote, *_QUOTES]))
            quote = right.selectbox("Quotation", quotes, format_func=_QUOTES.__getitem__, key=f"quote-{key}")
        elif table.sheets:
            middle.selectbox("Sheet", table.sheets, key=f"sheet-{key}")
        headers = [table.header, not table.header]
        header = last.selectbox("First row", headers, format_func=_HEADERS.__getitem__, key=f"header-{key}")
        told = ReadOptions(
            encoding=encoding if encoding != table.encoding else options.encoding,
            delimiter=delimiter if delimiter != table.delimiter else options.delimiter,
            quote=quote if quote != table.quote else options.quote,
            header=header if header != table.header else options.header,
            sheet=st.session_state.get(f"sheet-{key}") if table.sheets else None,
        )
        if st.button("Read again", icon=":material/refresh:", disabled=told == options):
            st.session_state[f"read-{key}"] = told
            st.rerun()


def show_unreadable(table: Table) -> None:
    """Rows that could not be read, to look at and to take away."""
    if not table.unreadable:
        return
    rows = pd.DataFrame(
        [(row.line, row.reason, row.content) for row in table.unreadable], columns=["line", "why", "what stands there"]
    )
    with st.expander(f":material/warning: {len(rows):,} rows could not be read"):
        st.dataframe(rows.head(_SHOWN_UNREADABLE), hide_index=True, alt="Rows that could not be read")
        st.download_button(
            "Download them",
            data=lambda: escape_formulas(rows).to_csv(index=False).encode("utf-8-sig"),
            file_name=f"{plain(table.name)}-unreadable.csv",
            mime="text/csv",
            on_click="ignore",
            icon=":material/download:",
        )
