"""The tab One text: the prediction for a text, and links that open Predict with a model and a text."""

from urllib.parse import urlencode

import streamlit as st

from pages.sections.predict.code import show_predict_code
from pages.sections.predict.comparison import show_change, show_other_models
from pages.sections.predict.correction import show_correction
from pages.sections.predict.engine import show_engine
from pages.sections.predict.explanation import show_explanation
from pages.sections.predict.service import show_service_code
from pages.shared.prediction import Model, TextPrediction, show_as_json, show_prediction_form
from pages.shared.session import remember_run

TEXT_KEY = "predict-text"
_APPLIED_LINK = "applied_link"
_MAX_LINK_CHARACTERS = 1_500


def apply_link(models: list[Model]) -> None:
    """Select the model and fill in the text that the page's address names, once for each address."""
    link = {name: st.query_params[name] for name in ("run", "text") if name in st.query_params}
    if not link or st.session_state.get(_APPLIED_LINK) == link:
        return
    st.session_state[_APPLIED_LINK] = link
    if "text" in link:
        st.session_state[TEXT_KEY] = link["text"]
    if "run" in link:
        if any(model.run and model.run.id == link["run"] for model in models):
            remember_run(link["run"])
        else:
            st.warning("The model of this link is not in your workspace.", icon=":material/link_off:")


def show_one_text(model: Model, models: list[Model]) -> None:
    """The form with its prediction, why it is predicted, its correction, and comparisons with other texts and models."""
    prediction = show_prediction_form(model, TEXT_KEY)
    if prediction is None:
        return
    show_explanation(prediction)
    show_correction(prediction)
    show_change(prediction)
    show_other_models(prediction, models)
    show_as_json(prediction)
    show_service_code(prediction)
    show_predict_code(prediction)
    with st.expander("Link to this model and text"):
        st.code(_link(prediction), language=None, wrap_lines=True)
        if len(prediction.text) > _MAX_LINK_CHARACTERS:
            st.caption("The text is too long for a link.")
    show_engine(prediction)


def _link(prediction: TextPrediction) -> str:
    run, text = prediction.model.run, prediction.text
    fields = ({"run": run.id} if run else {}) | ({"text": text} if len(text) <= _MAX_LINK_CHARACTERS else {})
    address = (st.context.url or "/predict").partition("?")[0]
    return f"{address}?{urlencode(fields)}"
