"""The page Evaluate: one section about one run at a time, so that only what is shown is computed."""

import streamlit as st

from core.runs import list_runs
from pages.sections.evaluate.registry import choose_section
from pages.sections.evaluate.view import choose_view
from pages.shared.navigation import link
from pages.shared.visitor import workspace
from pages.shared.widgets import page_header, show_errors

page_header("Evaluate", "How accurate a model is, how reliable its scores are, and where it makes mistakes.")
finished_runs = [run for run in list_runs(workspace()) if run.result()]
if not finished_runs:
    st.info("There is no trained model yet. Train one first; the instant method takes seconds.", icon=":material/info:")
    link("train", "Go to Train")
else:
    view = choose_view(finished_runs)
    section = choose_section(view.run.task.kind)
    with show_errors():
        section.show(view)
