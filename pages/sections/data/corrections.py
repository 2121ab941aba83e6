"""The source Corrections: predictions that visitors corrected on Predict, alone or with the rows the model was trained on."""

import hashlib

import pandas as pd
import streamlit as st

from core.data.corrections import TABLE_NAME, Correction, correction_columns, corrections_table, list_corrections
from core.data.dataset import Dataset, find_dataset
from core.errors import StudioError
from core.formatting import pluralize
from core.runs import find_run
from core.task import TITLES, TaskKind
from pages.sections.data.upload import UploadedTable
from pages.shared import cache
from pages.shared.downloads import download_csv
from pages.shared.visitor import workspace
from pages.shared.widgets import escape_markdown


def choose_corrections() -> UploadedTable:
    """The corrections of the chosen models as a table; there must be at least one correction."""
    corrections = _choose_models(list_corrections(workspace()))
    newest = corrections[-1]
    st.caption("A text that was corrected several times has its last correction.")
    download_csv("Download the corrections", corrections_table(corrections).frame, "corrections")
    dataset = _find_training_dataset(newest.run, newest.kind)
    rows = _choose_rows(dataset) if dataset else None
    named = (corrections, dataset.fingerprint if dataset and rows is not None else "")
    key = hashlib.sha256(repr(named).encode("utf-8", "replace")).hexdigest()[:16]
    table = corrections_table(corrections, rows)
    parent = dataset.ref if dataset and rows is not None else None
    return UploadedTable(f"corrections:{key}", TABLE_NAME, table, correction_columns(newest.kind), parent)


def _choose_models(corrections: list[Correction]) -> list[Correction]:
    """The corrections of the chosen models, which have the same kind of task; at first of the model corrected last."""
    kinds = list(dict.fromkeys(item.kind for item in reversed(corrections)))
    kind = kinds[0]
    if len(kinds) > 1:
        kind = st.selectbox("Kind of task", kinds, format_func=TITLES.__getitem__, key="corrections-kind")
    of_kind = [item for item in corrections if item.kind == kind]
    names = {item.run: item.model for item in reversed(of_kind)}
    runs = list(names)
    chosen = st.multiselect("Models", runs, runs[:1], format_func=names.__getitem__, key=f"corrections-models-{kind}")
    return [item for item in of_kind if item.run in (chosen or runs)]


def _find_training_dataset(run: str, kind: TaskKind) -> Dataset | None:
    """The dataset that a run was trained on, if it is still there."""
    try:
        dataset = find_dataset(workspace(), find_run(workspace(), run).dataset.id)
    except StudioError:
        return None
    return dataset if dataset.task_kind == kind else None


def _choose_rows(dataset: Dataset) -> pd.DataFrame | None:
    """The texts and labels of a dataset; None if the visitor wants the corrections alone."""
    label = f"Add the {pluralize(dataset.rows, 'row')} of {escape_markdown(dataset.name)}"
    if not st.toggle(label, value=True, key=f"with-{dataset.id}", help="A corrected text replaces its row."):
        return None
    return cache.dataset_texts(dataset).labeled.frame
