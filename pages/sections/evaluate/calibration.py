"""Calibration: the reliability diagram and the calibration error, before and after what was fitted on validation."""

import math

import pandas as pd
import streamlit as st

from core.charts import evaluation as evaluation_charts
from core.evaluation.decisions import calibration
from core.evaluation.decisions.weight_correction import Calibration
from core.evaluation.statistics.intervals import Interval
from core.formatting import format_percent, format_range, pluralize
from pages.sections.evaluate.view import RunView
from pages.shared.downloads import download_buttons

_BEFORE, _AFTER = "before calibration", "after calibration"


def show_calibration(view: RunView) -> None:
    """Draw the diagram and the error. The logits are those after calibration."""
    st.caption("A calibrated model is right 90% of the time when it is 90% confident.")
    shown, fitted = view.run_predictions, _calibration(view)
    versions = {
        name: calibration.confidence_and_correct(shown.task, shown.targets, logits)
        for name, logits in ((_BEFORE, fitted.undo(shown.logits)), (_AFTER, shown.logits))
    }
    bins = pd.concat(
        [
            calibration.calibration_curve(*version, units=shown.units).assign(version=name)
            for name, version in versions.items()
        ],
        ignore_index=True,
    )
    st.altair_chart(evaluation_charts.reliability_diagram(bins), alt="Reliability diagram")
    errors = "; ".join(
        f"{name} {_format_error(*calibration.calibration_error(*version, units=shown.units))}"
        for name, version in versions.items()
    )
    after = bins[bins["version"] == _AFTER]
    inside = int(after["share"].between(after["chance_low"], after["chance_high"]).sum())
    st.markdown(
        f"Calibration error: {errors}. A calibrated model has an error of 0%, whatever the number of rows. "
        f"{inside} of {pluralize(len(after), 'point')} lie within the wide bars, which hold 95% of those of a calibrated model."
    )
    st.caption(
        f"The temperature {fitted.temperature:.2f} was fitted on {pluralize(view.run.sizes['validation'], 'validation row')} "
        "and is part of the saved model. It does not change which label is predicted. "
        "A temperature above 1 means that the model was overconfident."
    )
    if fitted.offsets:
        st.caption(
            "Training weighed rare classes more, which made them seem too likely. The saved model takes that back, because "
            "the validation rows support it."
        )
    download_buttons(bins, view.file_name("reliability"))


def _calibration(view: RunView) -> Calibration:
    result = view.run.result()
    return Calibration(result.temperature, result.class_offsets) if result else Calibration()


def _format_error(error: float, interval: Interval) -> str:
    if math.isnan(interval.low):
        return format_percent(error)
    return f"{format_percent(error)} (between {format_range(interval.low, interval.high, percent=True)})"
