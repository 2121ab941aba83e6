"""The tab A file: predictions for a column of an uploaded file, as a job that any number of rows can be given."""

from typing import get_args

import pandas as pd
import streamlit as st
from streamlit.runtime.uploaded_file_manager import UploadedFile

from core.charts import data as data_charts
from core.data.reading.files import EXTENSIONS
from core.data.reading.misreading import cut_sample
from core.data.reading.sandbox import preview_file, read_tables
from core.data.reading.sandbox_processes import warm_up
from core.data.reading.transfer import Preview
from core.data.table import ReadOptions, Table
from core.formatting import pluralize
from core.jobs.events import OnProgress
from core.models.engines.base import TITLES
from core.prediction.batch import BatchPrediction, Upload, create_batch, damaged_batches, list_batches
from core.prediction.batch_output import FORMAT_TITLES, OutputFormat
from core.prediction.batch_shards import BatchSummary
from core.prediction.cascade import CASCADE
from core.prediction.predict import guess_text_column
from core.prediction.prevalence import why_no_estimate
from core.runs import Run
from pages.sections.predict.shares import show_shares
from pages.shared.job_progress import JobTexts, show_job
from pages.shared.prediction import Model
from pages.shared.reading_options import Source, read_with_options
from pages.shared.session import pinned_engine
from pages.shared.visitor import limits, workspace
from pages.shared.widgets import delete_button, escape_markdown, show_damaged, show_errors

_FORMATS: tuple[OutputFormat, ...] = get_args(OutputFormat)
_JOB = JobTexts(
    button="Continue",
    icon=":material/play_arrow:",
    description="The rows that are predicted already are kept.",
    phases={"loading": "Loading the model", "predicting": "Predicting", "writing": "Writing the file"},
)


def show_file(model: Model) -> None:
    """Upload a file and start its prediction; below, the predictions of files with progress, counts and download."""
    warm_up()
    file = st.file_uploader("File with a text column", type=list(EXTENSIONS), max_upload_size=limits().upload_mb)
    if file is not None:
        _show_start(model, file)
    for position, batch in enumerate(list_batches(workspace())):
        with st.expander(f"{escape_markdown(batch.name)}, {pluralize(batch.rows, 'row')}", expanded=position == 0):
            with show_errors():
                _show_batch(batch)
            delete_button(batch.folder, batch.name, "This deletes the uploaded file and its predictions.")
    show_damaged(damaged_batches(workspace()))


def _show_start(model: Model, file: UploadedFile) -> None:
    found = read_with_options(_source(file))
    if found is None:
        return
    preview, options = found
    frame = preview.head.frame
    st.dataframe(frame, hide_index=True, alt="The first rows of the file")
    columns = list(frame.columns)
    left, right = st.columns(2)
    column = left.selectbox("Text column", columns, index=columns.index(guess_text_column(frame)))
    output_format = right.selectbox("Download format", _FORMATS, format_func=FORMAT_TITLES.__getitem__)
    cascade = _can_cascade(model) and st.checkbox(
        "Cascade: faster, at most about 0.2 points less accurate",
        help="Token embeddings answer the texts that are clear to them, and the model computes only the others. "
        "Evaluate shows the cost and the accuracy.",
    )
    engine = CASCADE if cascade else pinned_engine(model.folder) or None
    if engine and not cascade:
        st.caption(f"{TITLES[engine]} predicts the file, because it is the engine of this session (see One text).")
    if st.button(f"Predict {pluralize(preview.rows, 'row')}", type="primary", icon=":material/play_arrow:"):
        folder = model.run.folder if model.run else model.folder
        file.seek(0)
        create_batch(workspace(), folder, Upload(file.name, file, options), column, output_format, engine).job.start()
        st.rerun()


def _source(file: UploadedFile) -> Source[Preview]:
    """An uploaded file as something to preview."""
    data = file.getvalue()
    start = cut_sample(data)

    def read(options: ReadOptions, on_progress: OnProgress) -> Preview:
        return preview_file(file.name, data, options, on_progress)

    def read_start(options: ReadOptions, on_progress: OnProgress) -> Table:
        return read_tables({file.name: start}, options, 1, on_progress)

    return Source(file.file_id, file.name, read, lambda preview: preview.head, lambda preview: preview.rows, read_start)


def _can_cascade(model: Model) -> bool:
    """Whether there are training texts to fit a cascade on, and labels to decide between."""
    return model.run is not None and model.run.source == "trained" and model.task_kind != "regression"


def _show_batch(batch: BatchPrediction) -> None:
    summary = batch.summary()
    if summary is None:
        show_job(batch.job, _JOB)
        return
    run = Run.open(batch.run_folder) if (batch.run_folder / "run.json").is_file() else None
    _show_summary(summary, counts=run is None or bool(why_no_estimate(run, summary)))
    if run is not None:
        show_shares(run, summary, batch.folder.name)
    st.download_button(
        f"Download predictions ({FORMAT_TITLES[batch.output_format]})",
        data=batch.output.read_bytes,
        file_name=batch.download_name,
        on_click="ignore",
        icon=":material/download:",
        key=f"download-{batch.folder.name}",
    )


def _show_summary(summary: BatchSummary, counts: bool) -> None:
    """How many rows have a prediction, and unless their shares are estimated, how many have each label."""
    notes = [pluralize(summary.rows, "row")]
    if summary.unsure:
        notes.append(f"{summary.unsure:,} with low confidence: review by hand")
    if summary.problems:
        notes.append(f"{summary.problems:,} without a prediction (see the column problem)")
    st.caption(f"{'; '.join(notes)}. Engine: {summary.engine}.")
    if summary.labels and counts:
        rows = pd.DataFrame(list(summary.labels.items()), columns=["label", "predicted"])
        st.altair_chart(data_charts.class_counts(rows), alt="Rows per predicted label")
    if summary.bins:
        bins = pd.DataFrame([(b.low, b.high, b.rows) for b in summary.bins], columns=["from", "to", "rows"])
        st.dataframe(bins, hide_index=True, alt="Rows per range of predicted values")
