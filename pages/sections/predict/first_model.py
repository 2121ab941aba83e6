"""The first model of an instant run, which predicts single texts until the run has finished."""

from collections.abc import Sequence

import streamlit as st

from core.runs import Run
from pages.sections.predict.one_text import TEXT_KEY
from pages.shared.prediction import Model, show_as_json, show_prediction_form
from pages.shared.widgets import run_title


def list_first_models(runs: Sequence[Run]) -> list[Model]:
    """The first models of runs that have no trained model yet."""
    return [
        Model(f"{run_title(run)} (first model, {run.id[-4:]})", folder, run)
        for run in runs
        if (folder := run.first_model()) is not None
    ]


def show_first_model(model: Model) -> None:
    """The form with its prediction, and what a first model is."""
    st.info(
        "This first model knows the words of a text, but not their order. When the run has finished, its model is in the "
        "list instead, and it predicts files and explains predictions too.",
        icon=":material/bolt:",
    )
    prediction = show_prediction_form(model, TEXT_KEY)
    if prediction is not None:
        show_as_json(prediction)
