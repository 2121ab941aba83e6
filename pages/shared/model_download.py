"""The zip of a run, written and checked on demand, then streamed from disk."""

import streamlit as st

from core.prediction.export import export, export_to
from core.reports.markdown import render_markdown
from core.runs import Run
from core.workspace import slug
from pages.shared.visitor import workspace
from pages.shared.widgets import show_errors
from pages.shared.zip_download import is_streamed, prepare_download

_HELP = "The model in the format of transformers and as ONNX, a script that uses it, its rows, and its results."


def show_download(run: Run) -> None:
    """A button that prepares the zip, and then a link to it; one button for both where the app runs as a plain script."""
    file_name = f"{slug(run.name)}.zip"
    if not is_streamed():
        st.download_button(
            "Download as zip",
            data=lambda: export(run, render_markdown),
            file_name=file_name,
            mime="application/zip",
            on_click="ignore",
            icon=":material/download:",
            help=_HELP,
        )
        return
    if not st.button("Prepare zip", icon=":material/folder_zip:", help=_HELP):
        return
    with show_errors():
        with st.spinner("Writing the zip and checking it in a new process"):
            address, size = prepare_download(workspace(), file_name, lambda path: export_to(run, path, render_markdown))
        st.link_button(
            f"Download {file_name} ({size / 1e6:,.0f} MB)", address, type="primary", icon=":material/download:"
        )
