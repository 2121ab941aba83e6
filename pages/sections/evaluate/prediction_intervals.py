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
from pages.sections.evaluate.view import RunView
from pages.shared.downloads import download_buttons


def show_prediction_interval(view: RunView) -> None:
    """Draw the choice of the coverage, the interval it gives, and the button that saves it."""
    st.subheader("Prediction interval", anchor=False)
    shown, validation = view.run_predictions, view.validation_predictions
    saved = round(100 * shown.rule.interval_level)
    level = st.slider("How often the interval contains the true score", 50, 99, saved, format="%d%%") / 100
    half_width = conformal.conformal_half_width(_absolute_errors(validation), level)
    if math.isinf(half_width):
        st.warning(
            f"{pluralize(len(validation.targets), 'validation row')} are too few for an interval of "
            f"{format_percent(level, 0)}. Choose a lower value.",
            icon=":material/warning:",
        )
        return
    errors = _absolute_errors(shown)
    coverage, interval = conformal.conformal_coverage(errors, half_width)
    st.markdown(
        f"The interval is the prediction **± {half_width:.2f}**. It was chosen on "
        f"{pluralize(len(validation.targets), 'validation row')} to contain the true score {format_percent(level, 0)} of the "
        f"time. On {pluralize(len(errors), f'{view.split} row')} it contained the true score "
        f"**{format_percent(coverage, 0)}** of the time (between {format_range(interval.low, interval.high, percent=True)})."
    )
    st.altair_chart(
        data_charts.histogram(pd.Series(errors), "absolute error", half_width),
        alt="Histogram of the absolute errors",
    )
    download_buttons(pd.DataFrame({"error": errors}), view.file_name("errors"))
    if st.button("Save this interval", icon=":material/save:", disabled=shown.rule.interval_half_width == half_width):
        view.save_rule(
            replace(shown.rule, interval_half_width=half_width, interval_level=level),
            "Saved. Predictions now come with this interval.",
        )


def _absolute_errors(run_predictions: RunPredictions) -> npt.NDArray[np.float64]:
    return np.abs(run_predictions.logits[:, 0].astype(np.float64) - run_predictions.targets)
