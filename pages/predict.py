"""Predict: use a model on one text or on a whole file."""

import streamlit as st

from core.runs import list_runs
from pages.sections.predict.file import show_file
from pages.sections.predict.first_model import list_first_models, show_first_model
from pages.sections.predict.one_text import apply_link, show_one_text
from pages.shared.prediction import Model, list_models
from pages.shared.session import remembered_run
from pages.shared.visitor import workspace
from pages.shared.widgets import page_header, show_errors


def choose_model(models: list[Model]) -> Model:
    """The chosen model; the remembered run's comes first."""
    ids = [model.run.id if model.run else None for model in models]
    selected = remembered_run()
    index = ids.index(selected) if selected in ids and selected else 0
    return models[st.selectbox("Model", range(len(models)), index=index, format_func=lambda i: models[i].title)]


page_header("Predict", "Predict the label of a new text, or of every row in a file.")
runs = list_runs(workspace())
models, first_models = list_models(runs), list_first_models(runs)
apply_link(models)
model = choose_model([*first_models, *models])
if model in first_models:
    show_first_model(model)
else:
    text_tab, file_tab = st.tabs(["One text", "A file"])
    with text_tab:
        show_one_text(model, models)
    with file_tab, show_errors():
        show_file(model)
