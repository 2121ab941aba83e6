"""All runs with their metrics: rename, delete, download."""

import math

import pandas as pd
import streamlit as st

from core.evaluation.metrics.summary import MAIN_METRIC, TITLES
from core.jobs import process
from core.prediction.export import export
from core.runs import Run, list_runs
from core.task import TITLES as TASKS
from core.workspace import delete, slug
from pages.shared.job_progress import show_progress
from pages.shared.navigation import link
from pages.shared.visitor import workspace
from pages.shared.widgets import age, choose_run, duration, header, show_error, show_errors


def row(run: Run) -> dict[str, object]:
    """A run as a row of the table, with its score on validation: choosing by the test score would spoil that one."""
    result, status = run.result(), process.read_status(run.folder)
    metric = MAIN_METRIC[run.task.kind]
    return {
        "Name": run.name,
        "State": status.state,
        "Data": run.record.dataset["name"],
        "Task": TASKS[run.task.kind],
        "Method": run.record.config["method"],
        "Metric": TITLES[metric],
        "On validation": result.validation[metric] if result else math.nan,
        "Training": duration(result.seconds) if result else "",
        "Made": age(run),
    }


@st.dialog("Delete this model?", icon=":material/delete:")
def ask_before_deleting(run: Run) -> None:
    """Delete after a second click."""
    st.text(f"“{run.name}” and its results will be gone for good. The data set stays.")
    with st.container(horizontal=True):
        if st.button("Delete", type="primary"):
            delete(run.folder)
            st.rerun()
        if st.button("Keep it"):
            st.rerun()


def manage(run: Run) -> None:
    """Rename, download, delete one run."""
    status = process.read_status(run.folder)
    if status.active:
        show_progress(run)
        return
    if status.state in ("failed", "died"):
        show_error(status.message, status.hint)
    with st.form(f"rename-{run.id}", border=False), st.container(horizontal=True, vertical_alignment="bottom"):
        name = st.text_input("Name", value=run.name, max_chars=80)
        if st.form_submit_button("Rename", icon=":material/edit:"):
            run.renamed(name or "")
            st.rerun()
    with st.container(horizontal=True):
        if run.result():
            st.download_button(
                "Download as zip",
                data=lambda: export(run),
                file_name=f"{slug(run.name)}.zip",
                mime="application/zip",
                on_click="ignore",
                icon=":material/download:",
                help="The model as plain transformers loads it, a script that uses it, its rows and its results.",
            )
        if st.button("Delete", icon=":material/delete:"):
            ask_before_deleting(run)


header("Models", "What has been trained so far.")
runs = list_runs(workspace())
if not runs:
    st.info("No model has been trained yet.", icon=":material/info:")
    link("train", "Go to Train")
else:
    st.dataframe(
        pd.DataFrame([row(run) for run in runs]),
        hide_index=True,
        column_config={"On validation": st.column_config.NumberColumn(format="%.3f")},
        alt="All models",
    )
    with show_errors():
        manage(choose_run(runs))
