"""Predict: use a model on one text or on a whole file."""

from pathlib import Path

import pandas as pd
import streamlit as st

from core import decision_rule
from core.data.reading.files import EXTENSIONS, read_bytes
from core.data.table import ReadOptions
from core.formatting import pluralize
from core.prediction.predict import guess_text_column, predict_table
from core.runs import list_runs
from pages.shared import cache
from pages.shared.downloads import download_csv
from pages.shared.prediction import model_folders, show_prediction_form
from pages.shared.session import remembered_run
from pages.shared.visitor import workspace
from pages.shared.widgets import page_header, run_title, show_errors

_SHOWN_ROWS = 1_000
_RESULT = "predicted_file"


def choose_model() -> Path:
    """The folder of the chosen model; the remembered run comes first, then the demo model."""
    runs = list_runs(workspace())
    folders = model_folders(runs)
    titles = list(folders)
    remembered = next((run_title(run) for run in runs if run.id == remembered_run()), None)
    title = st.selectbox("Model", titles, index=titles.index(remembered) if remembered in titles else 0)
    return folders[title]


def predict_file(folder: Path) -> None:
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
        st.session_state[_RESULT] = (key, predict_with_progress(folder, table.frame, column))
    stored_key, predictions = st.session_state.get(_RESULT, (None, None))
    if stored_key == key:
        st.dataframe(predictions.head(_SHOWN_ROWS), hide_index=True, alt="The texts with their predictions")
        download_csv("Download all as CSV", predictions, f"{Path(file.name).stem}-predicted")


def predict_with_progress(folder: Path, frame: pd.DataFrame, column: str) -> pd.DataFrame:
    """The text column with the predictions beside it; shows a progress bar meanwhile."""
    bar = st.progress(0.0, "Predicting …")

    def update(done: int, total: int) -> None:
        bar.progress(done / total, f"{done:,} of {pluralize(total, 'text')}")

    predictions = predict_table(cache.classifier(folder), frame[[column]], column, decision_rule.load(folder), update)
    bar.empty()
    return predictions


page_header("Predict", "Predict the label of a new text, or of every row in a file.")
folder = choose_model()
text_tab, file_tab = st.tabs(["One text", "A file"])
with text_tab:
    show_prediction_form(folder, "predict-text")
with file_tab, show_errors():
    predict_file(folder)
