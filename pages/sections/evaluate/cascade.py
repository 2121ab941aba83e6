"""The section Cascade: what it costs and gives to let token embeddings answer the clear texts of a large file."""

import pandas as pd
import streamlit as st

from core.charts import evaluation as evaluation_charts
from core.formatting import format_percent
from core.prediction.cascade import Cascade, build_cascade, stored_cascade
from pages.sections.evaluate.view import RunView
from pages.shared.downloads import download_buttons
from pages.shared.widgets import show_errors


def show_cascade(view: RunView) -> None:
    """Draw the cost and the score of the cascade on validation, or the button that fits it."""
    st.caption(
        "For large files: the mean of token embeddings answers the texts that are clear to it, hundreds of times faster, and "
        "the model computes only the others. How many these are is chosen on the validation rows."
    )
    with show_errors():
        cascade = stored_cascade(view.run)
        if cascade is not None:
            _show(view, cascade)
        elif st.button("Fit the cascade", icon=":material/stairs:"):
            with st.spinner("Fitting on the training rows …", show_time=True):
                build_cascade(view.run)
            st.rerun()


def _show(view: RunView, cascade: Cascade) -> None:
    left, middle, right = st.columns(3)
    left.metric("Computed by the model", format_percent(cascade.share, 0), border=True)
    middle.metric("Accuracy of the cascade", format_percent(cascade.score), border=True)
    right.metric("Accuracy of the model", format_percent(cascade.model_score), border=True)
    st.caption(
        f"On {cascade.rows:,} validation rows, with limits that were chosen on the other half of them. Choose the cascade when "
        "you predict a file, or use the option --engine cascade on the command line."
    )
    points = pd.DataFrame([(point.share, point.score) for point in cascade.points], columns=["share", "score"])
    st.altair_chart(
        evaluation_charts.cost_and_score(points, cascade.chosen.share),
        alt="Accuracy over the share of texts that the model computes",
    )
    download_buttons(points, view.file_name("cascade"))
