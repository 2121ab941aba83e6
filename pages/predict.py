"""Try a model: one text, or a whole file."""

from pathlib import Path

import pandas as pd
import streamlit as st

from core import decision_rule
from core.data.reading.files import EXTENSIONS, read_bytes
from core.data.table import ReadOptions
from core.prediction.predict import escape_formulas, predict_table, text_column
from core.runs import list_runs
from pages.shared import cache
from pages.shared.prediction import ask, models
from pages.shared.visitor import workspace
from pages.shared.widgets import age, header, show_errors

_SHOWN_ROWS = 1_000
_PREDICTED = "predicted_file"


def choose_model() -> Path:
    """The folder of the model to use: the one last trained or chosen, or the example."""
    runs = list(list_runs(workspace()))
    options = models(runs)
    remembered = next((f"{run.name}, {age(run)}" for run in runs if run.id == st.session_state.get("run_id")), None)
    titles = list(options)
    title = st.selectbox("Model", titles, index=titles.index(remembered) if remembered in titles else 0)
    return options[title]


def predict_file(folder: Path) -> None:
    """Upload a table, predict its text column, show and download the answers."""
    file = st.file_uploader("A table with a column of texts", type=list(EXTENSIONS))
    if file is None:
        st.session_state.pop(_PREDICTED, None)
        return
    data = file.getvalue()
    table = cache.table(file.file_id, ReadOptions(), lambda: read_bytes(data, file.name, columns_needed=1))
    columns = list(table.frame.columns)
    column = st.selectbox("Column with the text", columns, index=columns.index(text_column(table.frame)))
    key = (str(folder), file.file_id, column)
    if st.button(f"Predict {len(table.frame):,} texts", type="primary", icon=":material/play_arrow:"):
        st.session_state[_PREDICTED] = (key, _answers(folder, table.frame, column))
    done = st.session_state.get(_PREDICTED)
    if done and done[0] == key:
        answers = done[1]
        st.dataframe(answers.head(_SHOWN_ROWS), hide_index=True, alt="The texts with their answers")
        st.download_button(
            "Download all as CSV",
            data=lambda: escape_formulas(answers).to_csv(index=False).encode("utf-8-sig"),
            file_name=f"{Path(file.name).stem}-predicted.csv",
            mime="text/csv",
            on_click="ignore",
            icon=":material/download:",
        )


def _answers(folder: Path, frame: pd.DataFrame, column: str) -> pd.DataFrame:
    """The column with the answers beside it, with progress."""
    bar = st.progress(0.0, "Predicting …")

    def report(done: int, total: int) -> None:
        bar.progress(done / total, f"{done:,} of {total:,} texts")

    answers = predict_table(cache.load_classifier(folder), frame[[column]], column, report, decision_rule.load(folder))
    bar.empty()
    return answers


header("Predict", "Give the model a text it has never seen.")
folder = choose_model()
one, many = st.tabs(["One text", "A file"])
with one:
    ask(folder, "predict-text")
with many, show_errors():
    predict_file(folder)
