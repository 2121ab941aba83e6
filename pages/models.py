"""Models: all runs with their validation scores; import one; rename, download, or delete one."""

import math
import shutil
import tempfile
from pathlib import Path

import pandas as pd
import streamlit as st

from core.evaluation.metrics.definitions import MAIN_METRIC, METRICS
from core.formatting import format_duration
from core.jobs import process
from core.prediction.importing import import_bundle
from core.runs import Run, damaged_runs, list_runs
from core.task import TITLES
from pages.sections.models.download import show_download
from pages.sections.models.publish import show_publication
from pages.sections.models.push import show_push
from pages.shared.navigation import link
from pages.shared.run_progress import show_run_progress
from pages.shared.session import remember_run
from pages.shared.visitor import workspace
from pages.shared.widgets import (
    choose_run,
    creation_time,
    delete_button,
    page_header,
    show_damaged,
    show_error,
    show_errors,
)


def table_row(run: Run) -> dict[str, object]:
    """The run as a row of the table. Test scores are left out: choosing a model by them would bias them."""
    result = run.result()
    metric = MAIN_METRIC[run.task.kind]
    return {
        "Name": run.name,
        "State": "imported" if run.source == "imported" else process.read_status(run.folder).state,
        "Dataset": run.dataset.name,
        "Task": TITLES[run.task.kind],
        "Method": run.config.method,
        "Metric": METRICS[metric].title,
        "Validation score": result.validation.get(metric, math.nan) if result else math.nan,
        "Training time": format_duration(result.seconds) if result else "",
        "Created": creation_time(run),
    }


def show_run(run: Run) -> None:
    """Rename, download, or delete a run; its progress while it is active."""
    status = process.read_status(run.folder)
    if status.active:
        show_run_progress(run)
        return
    if status.state in ("failed", "died"):
        show_error(status.message, status.hint)
    with st.form(f"rename-{run.id}", border=False), st.container(horizontal=True, vertical_alignment="bottom"):
        name = st.text_input("Name", value=run.name, max_chars=80)
        if st.form_submit_button("Rename", icon=":material/edit:"):
            run.rename(name or "")
            st.rerun()
    with st.container(horizontal=True):
        if run.result():
            show_download(run)
        consequence = (
            "This deletes the model and its results, and ends its link if it is published. The dataset is kept."
        )
        delete_button(run.folder, run.name, consequence)
    if run.result():
        show_publication(run)
        show_push(run)


def show_import() -> None:
    """Upload a zip that was exported here or elsewhere, and import it as a model of this workspace."""
    with st.expander("Import a model", icon=":material/upload:"):
        file = st.file_uploader(
            "Zip of a model",
            type="zip",
            help="The zip from Download as zip of another Finetune Studio, or trained.zip from its notebook.",
        )
        if file is None or not st.button("Import", type="primary"):
            return
        with show_errors(), st.spinner("Checking the model"), tempfile.NamedTemporaryFile() as copy:
            shutil.copyfileobj(file, copy)
            copy.flush()
            run = import_bundle(workspace(), Path(copy.name))
            remember_run(run.id)
            st.rerun()


page_header("Models", "All models that you have trained.")
runs = list_runs(workspace())
show_import()
show_damaged(damaged_runs(workspace()))
if not runs:
    st.info("There is no model yet. Train one first.", icon=":material/info:")
    link("train", "Go to Train")
else:
    st.dataframe(
        pd.DataFrame([table_row(run) for run in runs]),
        hide_index=True,
        column_config={"Validation score": st.column_config.NumberColumn(format="%.3f")},
        alt="All models",
    )
    with show_errors():
        show_run(choose_run(runs))
