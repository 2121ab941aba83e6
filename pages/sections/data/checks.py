"""The findings of the checks as a list: each with its rows and a button for its repair."""

from collections.abc import Sequence

import numpy as np
import pandas as pd
import streamlit as st

from core.data.checks.findings import Finding, Rows, Severity
from core.data.columns import ColumnChoice
from core.data.repairs import Repair
from core.data.table import filter_rows
from core.formatting import pluralize
from core.task import TITLES
from pages.shared.cache import LoadedTexts
from pages.shared.widgets import escape_markdown

_ICONS: dict[Severity, str] = {
    "blocks": ":red[:material/block:]",
    "warning": ":orange[:material/warning:]",
    "note": ":gray[:material/info:]",
}
_SHOWN_ROWS = 200
# Rows of these findings are sorted by text, so that equal texts are next to each other.
_SORTED_BY_TEXT = ("duplicates", "conflicts", "leaks")


def show_findings(findings: Sequence[Finding], loaded: LoadedTexts) -> Repair | ColumnChoice | None:
    """The repair or the other choice of columns that was clicked, None if none was; shows the findings, one a line."""
    clicked: Repair | ColumnChoice | None = None
    for number, finding in enumerate(findings):
        with st.container(border=True, key=f"finding-{number}"):
            left, right = st.columns([1.3, 1], vertical_alignment="center")
            left.markdown(f"{_ICONS[finding.severity]} {escape_markdown(finding.message)}")
            with right, st.container(horizontal=True, horizontal_alignment="right", vertical_alignment="center"):
                if len(finding.rows):
                    count = pluralize(len(finding.rows), "row")
                    with st.popover(f"Show {count}", type="tertiary", key=f"rows-{finding.check}-{number}"):
                        _show_rows(finding, loaded)
                clicked = _show_remedy(finding, loaded, f"{finding.check}-{number}") or clicked
    return clicked


def _show_remedy(finding: Finding, loaded: LoadedTexts, key: str) -> Repair | ColumnChoice | None:
    """What was clicked to remedy a finding: its repair or another choice of columns."""
    repair = finding.repair if finding.repair not in loaded.repairs else None
    if repair and st.button(repair.title, icon=":material/build:", key=f"repair-{key}"):
        return repair
    if finding.control:
        st.caption(f"Change it with “{finding.control}” above.")
    title = _choice_title(finding.choice, loaded.columns) if finding.choice else ""
    if finding.choice and st.button(title, icon=":material/swap_horiz:", key=f"choice-{key}"):
        return finding.choice
    return None


def _choice_title(choice: ColumnChoice, current: ColumnChoice) -> str:
    """What a button says that changes the current choice of columns to another one."""
    if choice.text != current.text:
        return f"Read the texts from {escape_markdown(choice.text)}"
    if choice.label != current.label:
        return f"Read the labels from {escape_markdown(choice.label)}"
    if choice.kind != current.kind:
        return f"Read it as {TITLES[choice.kind].lower()}"
    if choice.date_order != current.date_order:
        return f"Read the dates with the {choice.date_order}"
    return "Ignore this column"


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
