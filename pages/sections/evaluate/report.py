"""The section Report: a report of the run to download, as one HTML file or as a model card in Markdown."""

from collections.abc import Callable

import streamlit as st

from core.workspace import slug
from pages.sections.evaluate.view import RunView


def show_report(view: RunView) -> None:
    """Draw the download buttons; the reports are created on click.

    Raises:
        StorageError: the predictions of the run, which a report shows, are damaged.
    """
    run, _ = view.run, view.run_predictions
    st.subheader("Report", anchor=False)
    st.markdown(
        "A report has the metrics with intervals and baselines, the confusion matrix, the calibration, the most confident "
        "mistakes, the limitations, and the settings to reproduce the run. The HTML report is one file that includes its "
        "charts and prints well. The model card is a Markdown file."
    )

    def html_report() -> bytes:
        from core.reports.html import render_html  # imports a chart renderer that no other page needs

        return render_html(run).encode()

    def model_card() -> bytes:
        from core.reports.markdown import render_markdown

        return render_markdown(run).encode()

    with st.container(horizontal=True):
        _button("HTML report", html_report, f"{slug(run.name)}.html", "text/html")
        _button("Model card (Markdown)", model_card, f"{slug(run.name)}.md", "text/markdown")
    st.caption("On the command line:")
    st.code(f"python -m core evaluate {run.id} --report report.html", language="bash")


def _button(label: str, create: Callable[[], bytes], file_name: str, mime: str) -> None:
    st.download_button(
        label, data=create, file_name=file_name, mime=mime, on_click="ignore", icon=":material/download:"
    )
