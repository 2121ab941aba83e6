"""A form for one text and the model's prediction, as Home and Predict show it."""

import json
from collections.abc import Sequence
from pathlib import Path

import streamlit as st

from core import decision_rule
from core.charts.prediction import label_probabilities
from core.formatting import format_number, format_percent
from core.models.demo import DEMO_MODEL
from core.prediction.predict import predict
from core.runs import Run
from pages.shared import cache
from pages.shared.widgets import run_title, show_errors

_EXAMPLE = "down to my last two of the little white ones, can you send more to the chemist"


def model_folders(runs: Sequence[Run]) -> dict[str, Path]:
    """The folders of the models to choose from, by title: finished runs, then the demo model of the app."""
    finished = {run_title(run): run.model_folder for run in runs if run.result()}
    return finished | {"Clinic messages (demo model)": DEMO_MODEL}


def show_prediction_form(folder: Path, key: str) -> None:
    """A text box with an example in it, and the prediction for its text below."""
    st.session_state.setdefault(key, _EXAMPLE)
    with st.form(f"{key}-form", border=False):
        text = st.text_area("Text", key=key, height=110, placeholder="Type or paste a text")
        st.form_submit_button("Predict", type="primary", icon=":material/play_arrow:")
    if text is not None:
        with show_errors():
            _show_prediction(folder, text)


def _show_prediction(folder: Path, text: str) -> None:
    rule = decision_rule.load(folder)
    predictions = predict(cache.classifier(folder), [text], rule)
    label = predictions.labels[0]
    if isinstance(label, float):
        st.metric("Predicted score", format_number(label, 2))
        if predictions.interval is not None:
            low, high = predictions.interval[0]
            level = format_percent(rule.interval_level, 0)
            st.caption(f"{level} prediction interval: {format_number(low, 2)} to {format_number(high, 2)}.")
        return
    if predictions.abstained[0]:
        st.warning("Low confidence: review by hand. The most likely answer is below.", icon=":material/help:")
    st.caption("Prediction")
    st.text(label if isinstance(label, str) else ", ".join(label) or "No label")
    st.caption(f"Confidence: {format_percent(predictions.confidence[0], 0)}")
    probabilities = predictions.named_probabilities(0)
    st.altair_chart(label_probabilities(probabilities), alt="Probability of each label")
    with st.expander("Probabilities as JSON"):
        st.code(json.dumps(probabilities, ensure_ascii=False, indent=2), language="json")
