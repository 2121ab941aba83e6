"""Show that a file may be misread, beside the next most likely reading, which is one click away."""

from collections.abc import Callable

import streamlit as st

from core.data.reading.files import DELIMITERS
from core.data.reading.misreading import Alternative, find_alternative, find_signs
from core.data.table import ReadOptions, Table
from core.formatting import pluralize
from pages.shared.widgets import escape_markdown

_PREVIEW_ROWS = 4


def offer_alternative(
    key: str, table: Table, options: ReadOptions, read_start: Callable[[ReadOptions], Table] | None
) -> ReadOptions | None:
    """The options of the other reading if the visitor chose it; shows both readings where the file may be misread.

    ``read_start`` reads the start of the file; None if it cannot be read in parts.
    """
    signs, alternative = _diagnose(key, options, table, read_start)
    if not signs:
        return None
    st.warning(
        f"This file may be misread: {escape_markdown('; '.join(signs))}. Check the first rows below.",
        icon=":material/warning:",
    )
    if alternative is None:
        return None
    left, right = st.columns(2)
    with left:
        _show_preview("As it is read now", table)
    with right:
        _show_preview("Another reading", alternative.table)
        if st.button("Read it this way", icon=":material/swap_horiz:", key=f"alternative-{key}"):
            return alternative.options
    return None


@st.cache_resource(max_entries=4, show_spinner=False)
def _diagnose(
    key: str, options: ReadOptions, _table: Table, _read_start: Callable[[ReadOptions], Table] | None
) -> tuple[list[str], Alternative | None]:
    """The signs of a misreading, and the other reading if there is one; ``key`` names the file."""
    signs = find_signs(_table)
    return signs, find_alternative(_table, _read_start, options) if signs and _read_start else None


def _show_preview(title: str, table: Table) -> None:
    st.caption(f"{title}: {pluralize(len(table.frame.columns), 'column')}, {escape_markdown(_describe(table))}.")
    st.dataframe(table.frame.head(_PREVIEW_ROWS), hide_index=True, alt=title)


def _describe(table: Table) -> str:
    """How the cells of a table are separated and quoted, in a few words."""
    delimiter = DELIMITERS.get(table.delimiter, "other")
    return f"{delimiter}-separated, " + (f"quoted with {table.quote}" if table.quote else "not quoted")
