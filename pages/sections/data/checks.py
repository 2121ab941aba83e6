"""The findings of the checks, each with its rows and a button for its repair."""

from collections.abc import Sequence

import numpy as np
import pandas as pd
import streamlit as st

from core.data.checks.findings import Finding, Rows
from core.data.repairs import Repair
from core.data.table import filter_rows
from pages.shared.cache import LoadedTexts
from pages.shared.widgets import escape_markdown

_ICONS = {"blocks": ":material/block:", "warning": ":material/warning:", "note": ":material/info:"}
_SHOWN_ROWS = 200
# Rows of these findings are sorted by text, so that equal texts are next to each other.
_SORTED_BY_TEXT = ("duplicates", "conflicts", "leaks")


def show_findings(findings: Sequence[Finding], loaded: LoadedTexts) -> Repair | None:
    """The repair that was clicked, None if none was; shows the findings."""
    if not findings:
        st.success("No problems found.", icon=":material/check_circle:")
    clicked = None
    for number, finding in enumerate(findings):
        with st.expander(f"{_ICONS[finding.severity]} {escape_markdown(finding.message)}"):
            if len(finding.rows):
                _show_rows(finding, loaded)
            repair = finding.repair if finding.repair not in loaded.repairs else None
            if repair and st.button(repair.title, icon=":material/build:", key=f"repair-{finding.check}-{number}"):
                clicked = repair
    return clicked


def _show_rows(finding: Finding, loaded: LoadedTexts) -> None:
    labeled, table = loaded.labeled.frame, loaded.table.frame
    rows = _first_rows(labeled[["text", "label"]], labeled["row"], finding.rows)
    if rows.empty:  # rows without a text or a label are in the table only
        rows = _first_rows(table, pd.RangeIndex(len(table)), finding.rows)
    if finding.check in _SORTED_BY_TEXT:
        rows = rows.sort_values("text")
    st.dataframe(rows, hide_index=True, height=min(260, 40 + 35 * len(rows)), alt="Rows with this problem")


def _first_rows(frame: pd.DataFrame, numbers: pd.Series | pd.Index, rows: Rows) -> pd.DataFrame:
    """The first rows of the frame whose number is in ``rows``; ``numbers`` has the number of each row."""
    matches = np.asarray(numbers.isin(rows))
    return filter_rows(frame, matches & (np.cumsum(matches) <= _SHOWN_ROWS))
