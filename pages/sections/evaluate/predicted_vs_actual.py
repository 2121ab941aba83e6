"""The section Predicted vs. actual: a scatter plot of the scores that a regression model predicts."""

import streamlit as st

from core.charts import evaluation as evaluation_charts
from pages.sections.evaluate.view import RunView


def show_predicted_vs_actual(view: RunView) -> None:
    """Draw predicted over actual scores."""
    st.subheader("Predicted and actual scores", anchor=False)
    st.altair_chart(evaluation_charts.predicted_vs_actual(view.prediction_table), alt="Predicted over actual scores")
    st.caption("The dashed line is where a perfect model's predictions would be.")
