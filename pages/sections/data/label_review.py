"""Likely label errors to correct, and a map of the texts. Both come from the analysis of a dataset with an encoder."""

import pandas as pd
import streamlit as st

from core.analysis.dataset import analysis_job
from core.charts import data as data_charts
from core.data.dataset import Dataset
from core.data.repairs import Repair
from core.formatting import pluralize
from core.task import Task
from pages.shared import cache
from pages.shared.job_progress import JobTexts, show_job

_SHOWN_ROWS = 200
_REVIEWED_ROWS = 200
_TEXTS = JobTexts(
    button="Find label errors and draw a map",
    icon=":material/troubleshoot:",
    description="The built-in encoder reads every text. Each label is then compared with the prediction of a model that "
    "was fitted without its row.",
    phases={
        "loading": "Loading the encoder",
        "features": "Reading the texts",
        "label errors": "Looking for label errors",
    },
)


def show_label_review(dataset: Dataset, task: Task) -> None:
    """The text map and the labels to review, or the job that computes them."""
    job = analysis_job(dataset)
    rows = cache.dataset_analysis(job)
    if rows is None:
        show_job(job, _TEXTS)
        return
    _show_text_map(rows, dataset)
    if "score" in rows:
        _show_suspected_labels(rows, dataset, task)


def _show_text_map(rows: pd.DataFrame, dataset: Dataset) -> None:
    st.markdown("**Text map**")
    st.caption("Similar texts are close together. Drag a box around some points to read their texts.")
    if len(rows) > data_charts.MAX_MAP_POINTS:
        rows = rows.sample(data_charts.MAX_MAP_POINTS, random_state=0)
    is_score = dataset.task_kind == "regression"
    points = rows.assign(label=rows["label"].astype(float)) if is_score else rows
    selection = st.altair_chart(
        data_charts.text_map(points, "score" if is_score else "label", is_score),
        on_select="rerun",
        selection_mode="brush",
        key=f"map-{dataset.id}",
        alt="Map of the texts",
    )
    box = selection["selection"]["brush"] if selection else {}
    if "x" in box and "y" in box:
        inside = rows["x"].between(*box["x"]) & rows["y"].between(*box["y"])
        st.dataframe(rows.loc[inside, ["text", "label"]].head(_SHOWN_ROWS), hide_index=True, alt="Texts in the box")


def _show_suspected_labels(rows: pd.DataFrame, dataset: Dataset, task: Task) -> None:
    st.markdown("**Labels to review**")
    st.caption(
        f"{int(rows['suspected'].sum()):,} of {pluralize(len(rows), 'label')} are likely wrong. The most suspicious rows "
        "come first. Correct their labels, or exclude them."
    )
    suspects = rows.sort_values("score", ascending=False).head(_REVIEWED_ROWS).reset_index(drop=True)
    edited = st.data_editor(
        pd.DataFrame(
            {"exclude": False, "label": suspects["label"], "predicted": suspects["answer"], "text": suspects["text"]}
        ),
        hide_index=True,
        disabled=["predicted", "text"],
        column_config={
            "label": st.column_config.SelectboxColumn("label", options=list(task.labels))
            if task.labels
            else st.column_config.TextColumn("label", disabled=True)
        },
        key=f"review-{dataset.fingerprint}",
        height=320,
    )
    changes = _changes(suspects, edited, task)
    label = f"Save {pluralize(len(changes), 'correction')}"
    if st.button(label, icon=":material/save:", disabled=not changes, type="primary"):
        dataset.change_repairs([*dataset.repairs, Repair("relabel", {"changes": changes})])
        st.rerun()


def _changes(suspects: pd.DataFrame, edited: pd.DataFrame, task: Task) -> list[dict[str, str | float | None]]:
    """What the "relabel" repair takes: text, old label, and new label (None to exclude the row) of each changed row."""
    return [
        {"text": text, "was": old if task.labels else float(old), "now": None if exclude else new}
        for text, old, new, exclude in zip(
            suspects["text"], suspects["label"], edited["label"], edited["exclude"], strict=True
        )
        if exclude or new != old
    ]
