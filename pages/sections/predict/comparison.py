"""Comparisons of a prediction: with the previous text of this session, and with other models on the same text."""

import pandas as pd
import streamlit as st

from core.errors import StudioError
from core.formatting import format_number
from core.prediction.texts import format_label, probability_changes
from pages.shared import cache
from pages.shared.prediction import Model, TextPrediction

_HISTORY = "predicted_texts"
_MAX_MODELS = 5
_SHOWN_CHARACTERS = 200


def show_change(prediction: TextPrediction) -> None:
    """How the prediction differs from that for the previous text of this session, if the model is the same."""
    key = (str(prediction.model.folder), prediction.text)
    last, previous = st.session_state.get(_HISTORY, (None, None))
    if last != key:
        last, previous = key, last
        st.session_state[_HISTORY] = (last, previous)
    if previous is None or previous[0] != key[0]:
        return
    with st.expander("Change from the previous text", expanded=True):
        st.caption("Previous text")
        st.text(previous[1][:_SHOWN_CHARACTERS] + (" …" if len(previous[1]) > _SHOWN_CHARACTERS else ""))
        before = cache.prediction(prediction.model.folder, previous[1])[0]
        after = prediction.predictions
        if after.task.kind == "regression":
            score, old = float(after.predicted[0]), float(before.predicted[0])
            st.metric("Change of the score", format_number(score - old, 2), help=f"Before: {format_number(old, 2)}.")
            return
        changes = probability_changes(before, after)
        shares = ["before", "after", "change"]
        changes[shares] *= 100
        percent = st.column_config.NumberColumn(format="%.1f%%")
        st.dataframe(
            changes,
            hide_index=True,
            column_config={
                "before": percent,
                "after": percent,
                "change": st.column_config.NumberColumn(format="%+.1f", help="In percentage points"),
            },
            alt="Probabilities before and after the change of the text",
        )


def show_other_models(prediction: TextPrediction, models: list[Model]) -> None:
    """A choice of other models with the same kind of task, and what they predict for the same text."""
    kind = prediction.predictions.task.kind
    others = {
        str(model.folder): model
        for model in models
        if model.folder != prediction.model.folder and model.task_kind == kind
    }
    if not others:
        return
    chosen = st.multiselect(
        "Compare with",
        list(others),
        format_func=lambda folder: others[folder].title,
        max_selections=_MAX_MODELS,
        placeholder="Choose other models",
        key=f"compare-{kind}",
    )
    if chosen:
        rows = [_row(model, prediction.text) for model in (prediction.model, *(others[folder] for folder in chosen))]
        table = pd.DataFrame(rows, columns=["model", "prediction", "confidence", "note"])
        hidden = [
            name for name in ("confidence", "note") if not table[name].astype(bool).any() or table[name].isna().all()
        ]
        st.dataframe(
            table.drop(columns=hidden),
            hide_index=True,
            column_config={"confidence": st.column_config.NumberColumn(format="percent")},
            alt="Predictions of several models for the text",
        )


def _row(model: Model, text: str) -> tuple[str, str, float | None, str]:
    """The model's title, its prediction, its confidence, and "not sure" or what is wrong with the model."""
    try:
        predictions = cache.prediction(model.folder, text)[0]
    except StudioError as error:
        return model.title, "–", None, error.message
    confidence = None if predictions.task.kind == "regression" else float(predictions.confidence[0])
    return (
        model.title,
        format_label(predictions.labels[0]),
        confidence,
        "not sure" if predictions.abstained[0] else "",
    )
