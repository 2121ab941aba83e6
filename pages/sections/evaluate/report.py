"""A report of a run to download: one HTML file, or a model card in Markdown."""

import streamlit as st

from core.workspace import slug
from pages.sections.evaluate.scores import View


def show_report(view: View) -> None:
    """What is in a report, and its two forms."""
    st.subheader("A report to keep", anchor=False)
    st.markdown(
        "Measures with intervals beside the baselines, what is confused, calibration, the surest mistakes, limits, and how to "
        "repeat the run. The page is one file with its charts in it and prints well; the model card is Markdown."
    )
    run = view.run

    def page() -> bytes:
        from core.reports import html  # it loads a renderer of charts, which nothing else needs

        return html.as_html(run).encode()

    def card() -> bytes:
        from core.reports import html

        return html.as_markdown(run).encode()

    with st.container(horizontal=True):
        st.download_button(
            "Report as HTML",
            data=page,
            file_name=f"{slug(run.name)}.html",
            mime="text/html",
            on_click="ignore",
            icon=":material/download:",
            type="primary",
        )
        st.download_button(
            "Model card as Markdown",
            data=card,
            file_name=f"{slug(run.name)}.md",
            mime="text/markdown",
            on_click="ignore",
            icon=":material/download:",
        )
    st.caption("The same on the command line:")
    st.code(f"python -m core evaluate {run.id} --report report.html", language="bash")
