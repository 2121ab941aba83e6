"""Download buttons for tables. Cells that a spreadsheet would run as formulas are escaped in every CSV."""

from collections.abc import Callable

import pandas as pd
import streamlit as st

from core.formatting import csv_bytes, json_bytes


def download_csv(label: str, table: pd.DataFrame, file_name: str) -> None:
    """A button that downloads the table as ``<file_name>.csv``."""
    st.download_button(
        label,
        data=lambda: csv_bytes(table),
        file_name=f"{file_name}.csv",
        mime="text/csv",
        on_click="ignore",
        icon=":material/download:",
        key=f"download-{file_name}",
    )


def download_buttons(table: pd.DataFrame, file_name: str) -> None:
    """Two small buttons that download the table as CSV and as JSON."""

    def button(label: str, data: Callable[[], bytes], mime: str) -> None:
        extension = label.lower()
        st.download_button(
            label,
            data=data,
            file_name=f"{file_name}.{extension}",
            mime=mime,
            on_click="ignore",
            icon=":material/download:",
            type="tertiary",
            key=f"{extension}-{file_name}",
        )

    with st.container(horizontal=True):
        button("CSV", lambda: csv_bytes(table), "text/csv")
        button("JSON", lambda: json_bytes(table), "application/json")
