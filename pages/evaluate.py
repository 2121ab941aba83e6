"""The page Evaluate: a verdict on a run in plain words, and the sections behind it; only what is shown is computed."""

import streamlit as st

from core.runs import list_runs
from pages.sections.evaluate.code import show_evaluate_code
from pages.sections.evaluate.empty import show_empty
from pages.sections.evaluate.registry import choose_section
from pages.sections.evaluate.view import choose_view
from pages.shared.navigation import show_next_step
from pages.shared.visitor import workspace
from pages.shared.widgets import show_errors

runs = list_runs(workspace())
finished_runs = [run for run in runs if run.result()]
if not finished_runs:
    st.title("Evaluate", anchor=False)
    show_empty(runs)
else:
    view = choose_view(finished_runs)
    section = choose_section(view.run.task.kind)
    with show_errors():
        section.show(view)
    with show_errors():
        show_evaluate_code(view)
    show_next_step("predict", "Predict new texts")
