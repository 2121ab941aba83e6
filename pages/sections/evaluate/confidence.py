"""The section Confidence: calibration, decision thresholds and abstention of a classifier."""

import streamlit as st

from pages.sections.evaluate.abstention import show_abstention
from pages.sections.evaluate.calibration import show_calibration
from pages.sections.evaluate.thresholds import show_thresholds
from pages.sections.evaluate.view import RunView
from pages.shared.widgets import show_errors


def show_confidence(view: RunView) -> None:
    """Draw all three parts; decision thresholds only for tasks that have them."""
    st.subheader("Calibration", anchor=False)
    show_calibration(view)
    if view.run.task.kind in ("binary", "multilabel"):
        st.subheader("Decision thresholds", anchor=False)
        with show_errors():
            show_thresholds(view)
    st.subheader("Abstention", anchor=False)
    show_abstention(view)
