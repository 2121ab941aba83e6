"""This is wrong: a visitor picks the correct label, and it is kept for the next training."""

from collections.abc import Callable

import streamlit as st

from core.data.corrections import Correction, append_correction, now
from core.prediction.texts import format_label
from core.task import Label
from pages.shared.navigation import link
from pages.shared.prediction import TextPrediction
from pages.shared.visitor import workspace
from pages.shared.widgets import escape_markdown, show_errors

SaveCorrection = Callable[[Correction], None]
_SAVED, _COUNT = "saved_correction", "saved_corrections"


def show_correction(prediction: TextPrediction, save: SaveCorrection | None = None) -> None:
    """A button that opens the choice of the correct label, and a note after it was saved.

    ``save`` sends the correction to somebody else, such as the owner of a published model. Without it, it is kept in the
    visitor's workspace.
    """
    key = (str(prediction.model.folder), prediction.text)
    predicted = prediction.predictions.labels[0]
    count = st.session_state.get(_COUNT, 0)
    # A new key closes the popover after a correction was saved.
    with st.popover("This is wrong", icon=":material/flag:", key=f"correction-{count}"):
        correct = _choose_label(prediction, predicted)
        clicked = st.button("Save correction", type="primary", disabled=correct is None or correct == predicted)
    if clicked and correct is not None:
        with show_errors():
            correction = _correction(prediction, predicted, correct)
            save(correction) if save else append_correction(workspace(), correction)
            st.session_state[_SAVED], st.session_state[_COUNT] = (key, format_label(correct)), count + 1
            st.rerun()
    saved_key, label = st.session_state.get(_SAVED, (None, ""))
    if saved_key != key:
        return
    if save:
        st.success("Thank you. The correction was sent to the owner of the model.", icon=":material/check:")
    else:
        st.success(
            f"Saved: the correct label is “{escape_markdown(label)}”. Choose the source Corrections on Data to use it "
            "in the next training.",
            icon=":material/check:",
        )
        link("data", "Open Data")


def _choose_label(prediction: TextPrediction, predicted: Label) -> Label | None:
    """The label that the visitor chose, typed or combined; None while there is none."""
    task = prediction.predictions.task
    key = f"correct-{prediction.model.key}"
    if isinstance(predicted, float):
        return st.number_input("Correct number", value=None, placeholder="Type a number", key=key)
    if isinstance(predicted, list):
        chosen = st.multiselect("Correct labels", task.labels, default=predicted, key=f"{key}-{prediction.text}")
        return [name for name in task.labels if name in chosen]
    others = [name for name in task.labels if name != predicted]
    return st.selectbox("Correct label", others, index=None, placeholder="Choose a label", key=f"{key}-{predicted}")


def _correction(prediction: TextPrediction, predicted: Label, correct: Label) -> Correction:
    run = prediction.model.run
    return Correction(
        text=prediction.text,
        prediction=predicted,
        correct=correct,
        kind=prediction.predictions.task.kind,
        run=run.id if run else "",
        model=prediction.model.title,
        time=now(),
    )
