"""The tab A file: the predictions for a column of an uploaded table."""

from pathlib import Path

import pandas as pd
import streamlit as st

from core import decision_rule
from core.data.reading.files import EXTENSIONS, read_bytes
from core.data.table import ReadOptions
from core.formatting import pluralize
from core.prediction.predict import guess_text_column, predict_table
from pages.shared import cache
from pages.shared.downloads import download_csv

_SHOWN_ROWS = 1_000
_RESULT = "predicted_file"


def show_file(folder: Path) -> None:
    """Upload a table, predict its text column, and download the table with the predictions."""
    file = st.file_uploader("Table with a text column", type=list(EXTENSIONS))
    if file is None:
        st.session_state.pop(_RESULT, None)
        return
    data = file.getvalue()
    table = cache.table(file.file_id, ReadOptions(), lambda: read_bytes(data, file.name, columns_needed=1))
    columns = list(table.frame.columns)
    column = st.selectbox("Text column", columns, index=columns.index(guess_text_column(table.frame)))
    key = (str(folder), file.file_id, column)
    if st.button(f"Predict {pluralize(len(table.frame), 'text')}", type="primary", icon=":material/play_arrow:"):
        st.session_state[_RESULT] = (key, _predict_with_progress(folder, table.frame, column))
    stored_key, predictions = st.session_state.get(_RESULT, (None, None))
    if stored_key == key:
        st.dataframe(predictions.head(_SHOWN_ROWS), hide_index=True, alt="The texts with their predictions")
        download_csv("Download all as CSV", predictions, f"{Path(file.name).stem}-predicted")


def _predict_with_progress(folder: Path, frame: pd.DataFrame, column: str) -> pd.DataFrame:
    """The text column with the predictions beside it; shows a progress bar meanwhile."""
    bar = st.progress(0.0, "Predicting …")

    def update(done: int, total: int) -> None:
        bar.progress(done / total, f"{done:,} of {pluralize(total, 'text')}")

    predictions = predict_table(cache.classifier(folder), frame[[column]], column, decision_rule.load(folder), update)
    bar.empty()
    return predictions
