"""Findings with their one-click repairs, the repairs made so far, and the review of doubtful labels."""

from collections.abc import Sequence

import numpy as np
import pandas as pd
import streamlit as st

from core.analysis import dataset as dataset_analysis
from core.analysis.dataset import DatasetAnalysis
from core.charts import data as data_charts
from core.data.checks.findings import Finding, Rows
from core.data.columns import LabeledTexts
from core.data.dataset import Dataset, change_repairs
from core.data.repairs import Repair
from core.data.table import Table, filter_rows
from pages.shared.job_progress import watch
from pages.shared.widgets import plain, show_error

_ICONS = {"blocks": ":material/block:", "warning": ":material/warning:", "note": ":material/info:"}
_SHOWN_ROWS = 200
_REVIEWED = 200
_PHASES = {"features": "Reading the texts", "doubting labels": "Doubting the labels"}


def show_findings(
    findings: Sequence[Finding], table: Table, labeled: LabeledTexts, repairs: Sequence[Repair]
) -> Repair | None:
    """The findings with their rows; the repair that was asked for, if any."""
    if not findings:
        st.success("Nothing was found.", icon=":material/check_circle:")
    asked = None
    for number, finding in enumerate(findings):
        with st.expander(f"{_ICONS[finding.severity]} {plain(finding.message)}"):
            if len(finding.rows):
                rows = _some(labeled.frame[["text", "label"]], labeled.frame["row"], finding.rows)
                rows = rows if len(rows) else _some(table.frame, pd.RangeIndex(len(table)), finding.rows)
                if finding.check in ("duplicates", "conflicts", "leaks"):
                    rows = rows.sort_values("text")
                st.dataframe(rows, hide_index=True, height=min(260, 40 + 35 * len(rows)), alt="Rows of the finding")
            offered = finding.repair if finding.repair not in repairs else None
            if offered and st.button(offered.title, icon=":material/build:", key=f"repair-{finding.check}-{number}"):
                asked = offered
    return asked


def _some(frame: pd.DataFrame, numbers: pd.Series | pd.Index, rows: Rows) -> pd.DataFrame:
    """The first of those whose number is among ``rows``."""
    held = np.asarray(numbers.isin(rows))
    return filter_rows(frame, held & (np.cumsum(held) <= _SHOWN_ROWS))


def show_repairs(repairs: Sequence[Repair]) -> int | None:
    """The repairs made so far; the position of the one to undo, if any."""
    undone = None
    for position, repair in enumerate(repairs):
        with st.container(horizontal=True, vertical_alignment="center"):
            count = len(repair.detail.get("changes", ()))
            st.markdown(f":material/done: {repair.title}{f': {count}' if count else ''}", width="stretch")
            if st.button("Undo", icon=":material/undo:", key=f"undo-{position}"):
                undone = position
    return undone


def review(dataset: Dataset, labeled: LabeledTexts) -> None:
    """Likely label errors to correct, and a map of the texts; both come from a job that reads them with the encoder."""
    look = DatasetAnalysis.of(dataset)
    status = look.status()
    if look.done:
        _show_map(look.rows(), dataset)
        _show_suspects(look.rows(), dataset, labeled)
        return
    if status is not None and status.active:
        watch(look.folder, _PHASES)
        return
    if status is not None and status.message:
        show_error(status.message, status.hint)
    st.caption(
        "The built-in encoder reads every text; a model fitted without a row says what it thinks of that row's label."
    )
    if st.button("Look for wrong labels and draw a map", icon=":material/troubleshoot:"):
        dataset_analysis.start(dataset)
        st.rerun()


def _show_map(rows: pd.DataFrame, dataset: Dataset) -> None:
    st.markdown("**A map of the texts**")
    st.caption("Texts the encoder finds alike lie close together. Draw a frame around some to read them.")
    if len(rows) > data_charts.MAX_MAP_POINTS:
        rows = rows.sample(data_charts.MAX_MAP_POINTS, random_state=0)
    is_score = dataset.task_kind == "regression"
    points = rows.assign(label=rows["label"].astype(float)) if is_score else rows
    chosen = st.altair_chart(
        data_charts.text_map(points, "score" if is_score else "label", is_score),
        on_select="rerun",
        selection_mode="brush",
        key=f"map-{dataset.id}",
        alt="Map of the texts",
    )
    frame = chosen["selection"]["brush"] if chosen else {}
    if "x" in frame and "y" in frame:
        inside = rows["x"].between(*frame["x"]) & rows["y"].between(*frame["y"])
        st.dataframe(rows.loc[inside, ["text", "label"]].head(_SHOWN_ROWS), hide_index=True, alt="Texts in the frame")


def _show_suspects(rows: pd.DataFrame, dataset: Dataset, labeled: LabeledTexts) -> None:
    if "score" not in rows:
        return
    suspects = rows.sort_values("score", ascending=False).head(_REVIEWED).reset_index(drop=True)
    st.markdown("**Labels to review**")
    st.caption(
        f"Of {len(rows):,} labels {int(rows['suspected'].sum()):,} look wrong. "
        "The most doubtful first: change a label, or leave the row out."
    )
    shown = pd.DataFrame(
        {"leave out": False, "label": suspects["label"], "the model says": suspects["answer"], "text": suspects["text"]}
    )
    names = list(labeled.task.labels)
    label = (
        st.column_config.SelectboxColumn("label", options=names)
        if names
        else st.column_config.TextColumn("label", disabled=True)
    )
    edited = st.data_editor(
        shown,
        hide_index=True,
        disabled=["the model says", "text"],
        column_config={"label": label},
        key=f"review-{dataset.fingerprint}",
        height=320,
    )
    changes = [
        {"text": text, "was": float(was) if not names else was, "now": None if out else now}
        for text, was, now, out in zip(
            suspects["text"], suspects["label"], edited["label"], edited["leave out"], strict=True
        )
        if out or now != was
    ]
    if st.button(f"Keep {len(changes)} corrections", icon=":material/save:", disabled=not changes, type="primary"):
        change_repairs(dataset, [*dataset.repairs, Repair("relabel", {"changes": changes})])
        st.rerun()
