"""Why this prediction: the words that raise or lower the score of a label, and whether they really matter."""

from typing import cast, get_args

import streamlit as st

from core.prediction.explain import Explanation, Method
from core.prediction.highlight import describe_check, highlight, is_grouped, words_table
from pages.shared import cache
from pages.shared.downloads import download_buttons
from pages.shared.prediction import TextPrediction
from pages.shared.widgets import escape_markdown, show_errors


def show_explanation(prediction: TextPrediction) -> None:
    """A toggle, and the explanation of the prediction while it is on."""
    if not st.toggle("Why this prediction?", key="why"):
        return
    with st.container(border=True):
        left, right = st.columns(2)
        label = ""
        labels = list(prediction.predictions.named_probabilities(0))
        if labels:
            label = left.selectbox("Label to explain", labels, key=f"why-label-{prediction.model.key}-{labels[0]}")
        method = right.selectbox(
            "Method",
            get_args(Method),
            format_func=str.capitalize,
            help="Occlusion leaves out one word at a time and measures how the score changes. "
            "Integrated gradients follow the model's gradients from an empty text to this one.",
            key="why-method",
        )
        with show_errors():
            explanation = cache.explanation(prediction.model.folder, prediction.text, label, cast(Method, method))
            _show(explanation)


def _show(explanation: Explanation) -> None:
    st.html(highlight(explanation))
    target = f"“{escape_markdown(explanation.label)}”" if explanation.label else "the predicted value"
    st.caption(
        f"Green words speak for {target}, red words with a dashed line against it. "
        "The words that speak for it most are bold."
    )
    check = describe_check(explanation)
    if explanation.check.passed:
        st.success(check, icon=":material/check_circle:")
    else:
        st.warning(check, icon=":material/warning:")
    if is_grouped(explanation):
        st.caption("The text is long, so neighboring words share a score.")
    with st.expander("Scores of the words"):
        unit = "log-odds of the label" if explanation.label else "predicted value"
        st.caption(f"How much the {unit} falls without the word.")
        table = words_table(explanation)
        st.dataframe(
            table,
            hide_index=True,
            column_config={"score": st.column_config.NumberColumn(format="%.2f")},
            alt="The words and their scores",
        )
        download_buttons(table, "explanation")
