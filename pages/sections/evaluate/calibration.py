"""Calibration: the reliability diagram and the calibration error, before and after temperature scaling."""

import math

import numpy as np
import pandas as pd
import streamlit as st

from core.charts import evaluation as evaluation_charts
from core.evaluation.decisions import calibration
from core.evaluation.statistics.intervals import Interval
from core.formatting import format_percent, format_range, pluralize
from pages.sections.evaluate.view import RunView
from pages.shared.downloads import download_buttons

_BEFORE, _AFTER = "before temperature scaling", "after temperature scaling"


def show_calibration(view: RunView) -> None:
    """Draw the diagram and the error. The logits are those after temperature scaling."""
    st.caption("A calibrated model is right 90% of the time when it is 90% confident.")
    shown, temperature = view.run_predictions, _temperature(view)
    versions = {
        name: calibration.confidence_and_correct(shown.task, shown.targets, logits)
        for name, logits in ((_BEFORE, shown.logits * np.float32(temperature)), (_AFTER, shown.logits))
    }
    bins = pd.concat(
        [calibration.calibration_curve(*version).assign(version=name) for name, version in versions.items()],
        ignore_index=True,
    )
    st.altair_chart(evaluation_charts.reliability_diagram(bins), alt="Reliability diagram")
    errors = "; ".join(
        f"{name} {_format_error(*calibration.calibration_error(*version))}" for name, version in versions.items()
    )
    after = bins[bins["version"] == _AFTER]
    inside = int(after["share"].between(after["chance_low"], after["chance_high"]).sum())
    st.markdown(
        f"Calibration error: {errors}. A calibrated model has an error of 0%, whatever the number of rows. "
        f"{inside} of {pluralize(len(after), 'point')} lie within the wide bars, which hold 95% of those of a calibrated model."
    )
    st.caption(
        f"The temperature {temperature:.2f} was fitted on {pluralize(view.run.sizes['validation'], 'validation row')} "
        "and is part of the saved model. It does not change which label is predicted. "
        "A temperature above 1 means that the model was overconfident."
    )
    download_buttons(bins, view.file_name("reliability"))


def _temperature(view: RunView) -> float:
    result = view.run.result()
    return result.temperature if result else 1.0


def _format_error(error: float, interval: Interval) -> str:
    if math.isnan(interval.low):
        return format_percent(error)
    return f"{format_percent(error)} (between {format_range(interval.low, interval.high, percent=True)})"
