"""Home: for a new visitor what the app does and how to start; for one who comes back what is running and what comes next."""

import streamlit as st

from core.runs import list_runs
from pages.sections.home.hero import STARTED_RUN, show_demo_button, show_hero
from pages.sections.home.overview import show_samples, show_steps
from pages.sections.home.recent import show_last_models, show_progress
from pages.shared.interrupted import show_interrupted
from pages.shared.navigation import next_step_button
from pages.shared.sidebar import NEXT_STEPS, current_workflow
from pages.shared.visitor import workspace
from pages.shared.widgets import page_header

workflow = current_workflow()
runs = list_runs(workspace())
if workflow.dataset is None and not runs:
    show_hero(workflow.active)
else:
    page_header("Your workspace", "Go on where you left off, or start something new.")
    with st.container(horizontal=True):
        next_step_button(workflow.next_step, NEXT_STEPS[workflow.next_step])
        show_demo_button(workflow.active, primary=False)
    # A run that another tab started is remembered too, so that its result is shown here.
    if workflow.active:
        st.session_state.setdefault(STARTED_RUN, workflow.active[0].id)
    started = st.session_state.get(STARTED_RUN)
    show_progress(runs, started)
    show_interrupted([run for run in runs if run.id != started])
    show_last_models(runs)
show_samples()
show_steps()
