"""The section Prediction interval: the range around a predicted score that contains the true score (split conformal)."""

import math
from dataclasses import replace

import numpy as np
import numpy.typing as npt
import pandas as pd
import streamlit as st

from core.charts import data as data_charts
from core.evaluation.decisions import conformal
from core.formatting import format_percent, format_range, pluralize
from core.run_evaluation import RunPredictions
from pages.sections.evaluate.view import RunView, show_test_figure
from pages.shared import cache
from pages.shared.downloads import download_buttons


def show_prediction_interval(view: RunView) -> None:
    """Draw the choice of the coverage, the interval it gives, and the button that saves it."""
    st.subheader("Prediction interval", anchor=False)
    validation = view.validation_predictions
    saved = round(100 * validation.rule.interval_level)
    level = st.slider("How often the interval contains the true score", 50, 99, saved, format="%d%%") / 100
    errors = _absolute_errors(validation)
    half_width = conformal.conformal_half_width(errors, level)
    rows = pluralize(len(errors), "validation row")
    if math.isinf(half_width):
        st.warning(
            f"{rows} are too few for an interval of {format_percent(level, 0)}. Choose a lower value.",
            icon=":material/warning:",
        )
        return
    st.markdown(
        f"The interval is the prediction **± {half_width:.2f}**. It was chosen on {rows} to contain the true score "
        f"about {format_percent(level, 0)} of the time; a little less if these rows also chose the best version of the model."
    )
    if show_test_figure(view, "prediction interval", level):
        _show_coverage(view, half_width)
    st.altair_chart(
        data_charts.histogram(pd.Series(errors), "absolute error on validation", half_width),
        alt="Histogram of the absolute errors",
    )
    download_buttons(pd.DataFrame({"error": errors}), view.file_name("errors"))
    unchanged = validation.rule.interval_half_width == half_width
    if st.button("Save this interval", icon=":material/save:", disabled=unchanged):
        view.save_rule(
            replace(validation.rule, interval_half_width=half_width, interval_level=level),
            "Saved. Predictions now come with this interval.",
        )


def _show_coverage(view: RunView, half_width: float) -> None:
    errors = _absolute_errors(cache.run_predictions(view.run, "test"))
    coverage, interval = conformal.conformal_coverage(errors, half_width)
    st.markdown(
        f"On {pluralize(len(errors), 'test row')} it contained the true score **{format_percent(coverage, 0)}** of the time "
        f"(between {format_range(interval.low, interval.high, percent=True)})."
    )


def _absolute_errors(run_predictions: RunPredictions) -> npt.NDArray[np.float64]:
    return np.abs(run_predictions.logits[:, 0].astype(np.float64) - run_predictions.targets)
