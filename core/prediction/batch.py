"""Prediction of a file as a job: of any size, in constant memory, and able to continue after a stop.

::

    <workspace>/predictions/<id>/  input.json  upload  status.json  events.jsonl  log.txt
                                   shards/  predictions.<csv|parquet|jsonl|xlsx>  summary.json
"""

import os
import shutil
from contextlib import suppress
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from typing import BinaryIO

from core.data.reading.chunks import SourceFile
from core.data.reading.sandbox import preview_file
from core.data.table import DETECT, ReadOptions
from core.errors import RunError
from core.jobs.events import Event, OnEvent, ignore_event
from core.jobs.folder import JobFolder
from core.jobs.runner import StopSignal, run_job
from core.limits import host_limits
from core.models.record import read_model_record
from core.prediction.batch_file import BatchRequest, predict_in_shards
from core.prediction.batch_output import OutputFormat, check_output_rows
from core.prediction.batch_rows import LoadPredictor, load_predictor
from core.prediction.batch_shards import BatchSummary, read_summary
from core.storage import DamagedFolder, load_folders, read_folder, write_folder, write_record
from core.workspace import (
    Workspace,
    belongs_to_visitor,
    create_folder_atomically,
    workspace_containing,
    write_atomically,
)

_RECORD = "input.json"
_RESULT = "summary.json"
_UPLOAD = "upload"


@dataclass(frozen=True)
class Upload:
    """A file that somebody uploaded: its name, its contents, which are copied into the folder of the job, and how to read it."""

    name: str
    file: BinaryIO
    options: ReadOptions = DETECT


@dataclass(frozen=True)
class BatchPrediction:
    """The prediction of a file: its folder and what input.json in it has.

    ``name`` is the name of the input, ``rows`` the number of its rows, ``engine`` the engine that somebody chose, ``options``
    how the input is read. The paths ``input`` and ``model`` (the folder of a run or of a model) are absolute, or relative to
    the folder.
    """

    folder: Path
    name: str
    input: str
    model: str
    column: str
    output_format: OutputFormat
    rows: int
    created: str
    engine: str | None = None
    options: ReadOptions = DETECT

    @classmethod
    def open(cls, folder: Path) -> "BatchPrediction":
        """The prediction in a folder.

        Raises:
            StorageError: its record is missing or damaged.
        """
        return read_folder(cls, folder, _RECORD, lambda record: record)

    @property
    def job(self) -> JobFolder:
        """The job that predicts the file. Started again after a stop, it continues."""
        return JobFolder(self.folder, "predict-file", _RESULT)

    @property
    def output(self) -> Path:
        """The file with the predictions, once the job is done."""
        return self.folder / f"predictions.{self.output_format}"

    @property
    def download_name(self) -> str:
        """A name for the file with the predictions, made of the name of the input."""
        return f"{Path(self.name).stem}-predictions.{self.output_format}"

    @property
    def run_folder(self) -> Path:
        """The folder of the run or of the model that predicts."""
        return (self.folder / self.model).resolve()

    def summary(self) -> BatchSummary | None:
        """The counts of the finished prediction; None before."""
        return self.job.load_result(read_summary)

    def request(self) -> BatchRequest:
        """The work to do.

        Raises:
            DataError: the input is missing.
        """
        source = SourceFile.of_path(self.folder / self.input, self.name)
        model_folder = model_folder_of(self.run_folder)
        shards, output_format = self.folder / "shards", self.output_format
        return BatchRequest(
            source, self.column, model_folder, self.output, output_format, shards, self.engine, self.options
        )


def model_folder_of(folder: Path) -> Path:
    """The folder of the model of a run; a folder that is not one of a run is a model's itself."""
    return folder / "model" if (folder / "run.json").is_file() else folder


def create_batch(
    workspace: Workspace,
    run_or_model_folder: Path,
    source: Path | Upload,
    column: str,
    output_format: OutputFormat,
    engine: str | None = None,
) -> BatchPrediction:
    """A prediction that is ready to start. The whole file is read once, so that a file that cannot be used is refused now.

    Raises:
        DataError: the file cannot be read or has no such column.
        LimitError: it has too many columns, or too many rows for the output format.
        ModelError: the folder has no model.
        StudioError: the disk is full.
    """
    model = run_or_model_folder.resolve()
    read_model_record(model_folder_of(model))
    name, options = source.name, source.options if isinstance(source, Upload) else DETECT
    with create_folder_atomically(workspace.predictions, name) as folder:
        if isinstance(source, Upload):
            write_atomically(folder / _UPLOAD, partial(_copy, source.file))
        path = source.resolve() if isinstance(source, Path) else folder / _UPLOAD
        preview = preview_file(name, path, options)
        host_limits(belongs_to_visitor(workspace.root)).check_rows(name, preview.rows)
        preview.head.require_columns([column])
        check_output_rows(output_format, preview.rows)
        final = workspace.predictions / folder.name
        batch = BatchPrediction(
            folder=final,
            name=name,
            input=str(path) if isinstance(source, Path) else _UPLOAD,
            # A workspace can be moved with its runs.
            model=os.path.relpath(model, final.resolve())
            if model.is_relative_to(workspace.root.resolve())
            else str(model),
            column=column,
            output_format=output_format,
            rows=preview.rows,
            created=datetime.now(UTC).isoformat(timespec="seconds"),
            engine=engine,
            options=options,
        )
        write_folder(batch, folder, _RECORD)
    return batch


def _copy(source: BinaryIO, path: Path) -> None:
    source.seek(0)
    with path.open("wb") as target:
        shutil.copyfileobj(source, target, 1 << 20)


class _StopRequested(BaseException):
    """Raised between batches of texts when somebody has asked the job to stop."""


def run_batch(folder: Path, on_event: OnEvent = ignore_event, load: LoadPredictor = load_predictor) -> None:
    """Predict the file of a folder of :func:`create_batch` in this process, or continue to.

    Raises:
        StudioError: the file or the model cannot be read, the disk is full, or another process predicts the file.
    """
    batch = BatchPrediction.open(folder)

    def job(record: OnEvent, stop: StopSignal) -> None:
        def emit(event: Event) -> None:
            if stop.requested:
                raise _StopRequested
            record(event)

        with stop.deferred(), suppress(_StopRequested):
            _predict(batch, load, emit)

    run_job(folder, workspace_containing(folder).home, job, on_event)


def _predict(batch: BatchPrediction, load: LoadPredictor, on_event: OnEvent) -> None:
    request = batch.request()
    summary = predict_in_shards(request, load, on_event)
    if summary is None:
        raise RunError(f"Another process is already predicting {batch.name}.", "Wait until it has finished.")
    write_record(batch.folder / _RESULT, asdict(summary))
    shutil.rmtree(request.progress_folder, ignore_errors=True)


def list_batches(workspace: Workspace) -> list[BatchPrediction]:
    """The predictions of files in a workspace that can be opened, newest first."""
    return load_folders(workspace.predictions, BatchPrediction.open)[0]


def damaged_batches(workspace: Workspace) -> list[DamagedFolder]:
    """The folders of predictions in a workspace that cannot be opened, newest first."""
    return load_folders(workspace.predictions, BatchPrediction.open)[1]
