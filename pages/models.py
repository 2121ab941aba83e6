"""Models: all runs with their validation scores; import one; rename, download, or delete one."""

import math
import shutil
import tempfile
from pathlib import Path
from typing import Literal

import pandas as pd
import streamlit as st

from core.evaluation.metrics.definitions import MAIN_METRIC, METRICS
from core.formatting import format_duration
from core.jobs import process
from core.prediction.importing import import_bundle
from core.runs import Run, damaged_runs, list_runs
from core.task import TITLES
from pages.sections.models.publish import show_publication
from pages.sections.models.push import show_push
from pages.shared.deep_link import follow_link, show_in_address
from pages.shared.empty_page import EmptyPage, show_empty_page, train_sample_button
from pages.shared.interrupted import resume_button
from pages.shared.model_download import show_download
from pages.shared.navigation import link, pages
from pages.shared.run_progress import show_run_progress
from pages.shared.run_result import show_result
from pages.shared.session import remember_run
from pages.shared.showcase import show_scores
from pages.shared.visitor import limits, workspace
from pages.shared.widgets import (
    choose_run,
    creation_time,
    delete_button,
    escape_markdown,
    page_header,
    show_damaged,
    show_error,
    show_errors,
)

_EMPTY = EmptyPage(
    missing="There is no model yet. Train one first, or import one below.",
    description="Here each model has its score beside simple baselines, its cost, and a zip that plain transformers loads.",
    caption="The test accuracy of a model of the sample of clinic messages and of its baselines, with 95% intervals.",
)


def table_row(run: Run) -> dict[str, object]:
    """The run as a row of the table. Test scores are left out: choosing a model by them would bias them."""
    result = run.result()
    metric = MAIN_METRIC[run.task.kind]
    return {
        "Name": run.name,
        "State": "imported" if run.source == "imported" else process.read_status(run.folder).state,
        "Validation score": result.validation.get(metric, math.nan) if result else math.nan,
        "Metric": METRICS[metric].title,
        "Dataset": run.dataset.name,
        "Method": run.config.method,
        "Training time": format_duration(result.seconds) if result else "",
        "Created": creation_time(run),
        "Task": TITLES[run.task.kind],
    }


def show_run(run: Run) -> None:
    """The result of a run and what can be done with it; its progress while it is active."""
    status = process.read_status(run.folder)
    if status.active:
        show_run_progress(run)
        return
    with st.container(border=True):
        st.header(escape_markdown(run.name), anchor=False)
        if run.result():
            show_result(run)
        elif status.state in ("failed", "died"):
            show_error(status.message, status.hint)
        else:
            st.warning("This run has no model: it was stopped before there was one.", icon=":material/stop_circle:")
        show_actions(run)
    if run.result():
        show_publication(run)
        show_push(run)


def show_actions(run: Run) -> None:
    """Evaluate, predict with, rename, download and delete a run; one without a model can be resumed."""
    actions = {"evaluate": "Evaluate", "predict": "Predict"} if run.result() else {}
    with st.container(horizontal=True):
        for page, label in actions.items():
            kind: Literal["primary", "secondary"] = "secondary" if page == "predict" else "primary"
            if st.button(label, type=kind, key=f"{page}-{run.id}"):
                remember_run(run.id)
                st.switch_page(pages()[page], query_params={"run": run.id})
        if run.result() is None:
            resume_button(run)
        else:
            show_download(run)
        with st.popover("Rename", icon=":material/edit:"), st.form(f"rename-{run.id}", border=False):
            name = st.text_input("Name", value=run.name, max_chars=80)
            if st.form_submit_button("Save the name"):
                run.rename(name or "")
                st.rerun()
        consequence = (
            "This deletes the model and its results, and ends its link if it is published. The dataset is kept."
        )
        delete_button(run.folder, run.name, consequence)


def show_import() -> None:
    """Upload a zip that was exported here or elsewhere, and import it as a model of this workspace."""
    with st.expander("Import a model", icon=":material/upload:"):
        file = st.file_uploader(
            "Zip of a model",
            type="zip",
            max_upload_size=limits().upload_mb,
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


def show_models(runs: list[Run]) -> None:
    """A table of all runs, and the chosen one."""
    st.dataframe(
        pd.DataFrame([table_row(run) for run in runs]),
        hide_index=True,
        column_config={
            "Validation score": st.column_config.NumberColumn(
                format="%.3f", help="On validation: choosing a model by its test score would make that score too high."
            )
        },
        alt="All models, the newest first",
    )
    run = choose_run(runs)
    show_in_address("run", run.id)
    show_run(run)


page_header("Models", "Every model of this workspace: compare, evaluate, download, publish, or delete it.")
runs = list_runs(workspace())
follow_link("run", [run.id for run in runs])
show_damaged(damaged_runs(workspace()))
if runs:
    with show_errors():
        show_models(runs)
else:
    show_empty_page(_EMPTY, show_scores, lambda: train_sample_button("Train a model on the sample"))
    link("train", "Go to Train")
show_import()
