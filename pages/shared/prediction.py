"""A text and the model's answer to it, as Home and Predict show them."""

import json
from pathlib import Path

import streamlit as st

from core import decision_rule
from core.charts import data as data_charts
from core.models.demo import DEMO_MODEL
from core.prediction.predict import as_json, predict
from core.runs import Run
from pages.shared.cache import load_classifier
from pages.shared.widgets import age, show_errors

EXAMPLES = (
    "down to my last two of the little white ones, can you send more to the chemist",
    "ever since I began the new tablets my ankles are twice their size",
    "why was 85 taken from my account when the visit was covered?",
)


def models(runs: list[Run]) -> dict[str, Path]:
    """Models to choose from, by title: the visitor's own, newest first, then the one that ships with the app."""
    own = {f"{run.name}, {age(run)}": run.model_folder for run in runs if run.result()}
    return own | {"Clinic messages, the example that ships with this app": DEMO_MODEL}


def ask(folder: Path, key: str) -> None:
    """A box for a text, and the answer below it."""
    st.session_state.setdefault(key, EXAMPLES[0])
    with st.form(f"{key}-form", border=False):
        text = st.text_area("Your text", key=key, height=110, placeholder="Type or paste a text")
        st.form_submit_button("Predict", type="primary", icon=":material/play_arrow:")
    if text is not None:
        with show_errors():
            _answer(folder, text)


def _answer(folder: Path, text: str) -> None:
    classifier, kept = load_classifier(folder), decision_rule.load(folder)
    answer = as_json(classifier.task, predict(classifier, [text]), kept)[0]
    label, probabilities = answer["label"], answer["probabilities"]
    if classifier.task.kind == "regression":
        st.metric("Predicted score", f"{label:.2f}")
        if "low" in answer:
            st.caption(f"Between {answer['low']:.2f} and {answer['high']:.2f} in {kept.level:.0%} of the cases.")
        return
    if not answer.get("sure", True):
        st.warning("Not sure: this text is one for a person. The model's best guess is below.", icon=":material/help:")
    st.caption("Answer")
    st.text(", ".join(label) or "none of the labels" if isinstance(label, list) else label)
    st.caption(f"The model is {answer['confidence']:.0%} sure.")
    st.altair_chart(data_charts.probabilities(probabilities), alt="Probability of each label")
    with st.expander("The same as JSON"):
        st.code(json.dumps(probabilities, ensure_ascii=False, indent=2), language="json")
