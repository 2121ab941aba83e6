"""Read what a visitor sent, for as long as the visitor waits for it."""

from collections.abc import Mapping

import streamlit as st

from core.data.reading import sandbox
from core.data.reading.transfer import Preview
from core.data.table import ReadOptions, Table


def read_files(files: Mapping[str, bytes], options: ReadOptions) -> Table:
    """The table in uploaded files; see :func:`core.data.reading.sandbox.read_tables`.

    Raises:
        DataError: the files cannot be read as a table.
        LimitError: reading them needs more memory, time, rows or bytes than is allowed.
    """
    return sandbox.read_tables(files, options, on_progress=_stop_without_visitor)


def read_pasted(text: str, options: ReadOptions) -> Table:
    """The table in pasted text; see :func:`read_files` for the errors."""
    return sandbox.read_pasted(text, options, on_progress=_stop_without_visitor)


def preview_file(name: str, data: bytes) -> Preview:
    """The first rows of an uploaded file and the number of all its rows; see :func:`read_files` for the errors."""
    return sandbox.preview_file(name, data, on_progress=_stop_without_visitor)


def _stop_without_visitor(done: int, total: int) -> None:
    """End the run of the page, and with it the reading, when the visitor has closed or changed the page.

    Streamlit checks this whenever the session state is read.
    """
    st.session_state.get("reading")
