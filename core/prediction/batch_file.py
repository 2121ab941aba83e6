"""Prediction of the texts in a file of any size, in constant memory; it continues after it was stopped or killed.

The shards are in ``<progress folder>/<fingerprint>``. The fingerprint stands for the input, the column, the model and its
decision rule, so a shard is only used again where it would be the same.
"""

import hashlib
import json
import re
import time
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path
from typing import Any, BinaryIO, cast

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
from filelock import FileLock

from core import decision_rule
from core.data.reading.chunks import Chunk, SourceFile, TableStream
from core.data.reading.sandbox import stream_file
from core.data.table import DETECT, ReadOptions
from core.jobs.events import OnEvent, OnProgress, Phase, Progress, no_progress
from core.migrations import legacy_temperature
from core.models.record import read_model_record
from core.prediction.batch_output import OutputFormat, check_output_rows, write_tables
from core.prediction.batch_rows import Counts, LoadPredictor, Predictor, predict_chunk, sum_counts
from core.prediction.batch_shards import BatchSummary, Bin, Shards
from core.workspace import write_atomically

SHARD_ROWS = 2_000
_BINS = 20
_MODEL_FILES = ("*.safetensors", "studio.json", "config.json", "tokenizer.json", "vocab.txt")


@dataclass(frozen=True)
class BatchRequest:
    """The texts to predict, in a column of a file, the model, and where the predictions and the shards are written.

    Without an ``engine``, the default one of the host where the prediction begins is used to its end. ``options`` say how the
    file is read.
    """

    source: SourceFile
    column: str
    model_folder: Path
    output: Path
    output_format: OutputFormat
    progress_folder: Path
    engine: str | None = None
    options: ReadOptions = DETECT

    def open_table(self, on_progress: OnProgress = no_progress) -> TableStream:
        """The rows of the file, which a process of its own reads within limits.

        Raises:
            DataError: the file cannot be read or has no such column.
            LimitError: it has too many columns, or reading it needs more than is allowed.
        """
        source = self.source
        content = source.path or source.open().read()
        table = stream_file(source.name, content, self.options, on_progress)
        table.require_column(self.column)
        return table


def predict_in_shards(request: BatchRequest, load: LoadPredictor, on_event: OnEvent) -> BatchSummary | None:
    """Predict a file, or continue to; the output appears when all shards are complete.

    None if other processes still compute the remaining shards. An exception that ``on_event`` raises ends the work; complete
    shards are kept.

    Raises:
        DataError: the file cannot be read or has no such column.
        LimitError: it has too many columns, or too many rows for the output format.
        ModelError: the model cannot be loaded.
        StudioError: the disk is full.
    """
    on_event(Phase("reading"))
    shards = open_shards(request)
    if summary := present_summary(request, shards):
        return summary
    table = request.open_table(lambda done, total: on_event(Progress(done, total)) if total else None)
    check_output_rows(request.output_format, table.rows)
    count = _Worker(request, shards, load, on_event).fill(table)
    counts = [part for number in range(count) if (part := shards.counts(number))]
    if len(counts) < count:
        return shards.summary()  # another process may have finished meanwhile
    on_event(Phase("writing"))
    with FileLock(shards.folder / "output.lock"):
        complete = _Complete(shards, counts, len(table.columns))
        return shards.summary() or _write_output(request, complete, on_event)


def open_shards(request: BatchRequest) -> Shards:
    """The shards of a file, empty at first.

    Raises:
        ModelError: the folder has no model.
    """
    return Shards(request.progress_folder / _fingerprint(request))


def present_summary(request: BatchRequest, shards: Shards) -> BatchSummary | None:
    """The summary of a file whose output is complete and still there; None otherwise."""
    summary = shards.summary()
    if summary and not request.output.is_file():
        shards.forget_summary()  # somebody has deleted the output
        return None
    return summary


def _fingerprint(request: BatchRequest) -> str:
    """Hexadecimal digits that differ where the predictions would."""
    model = request.model_folder
    read_model_record(model)  # a clear error if there is no model
    rule = [repr(decision_rule.load(model)), legacy_temperature(model)]
    settings = [request.source.name, request.column, request.engine, SHARD_ROWS, *rule]
    if request.options != DETECT:
        settings.append(repr(request.options))
    digest = hashlib.blake2b(json.dumps(settings).encode(), digest_size=8)
    with request.source.open() as file:
        digest.update(_digest(file))
    for path in sorted(path for pattern in _MODEL_FILES for path in model.glob(pattern)):
        with path.open("rb") as file:
            digest.update(_digest(file))
    return digest.hexdigest()


def _digest(file: BinaryIO) -> bytes:
    return hashlib.file_digest(cast(Any, file), "blake2b").digest()


class _Worker:
    """Computes the shards that are not complete and that no other process computes."""

    def __init__(self, request: BatchRequest, shards: Shards, load: LoadPredictor, on_event: OnEvent) -> None:
        self._request, self._shards, self._load, self._on_event = request, shards, load, on_event
        self._predictor: Predictor | None = None
        self._seconds, self._predicted = 0.0, 0

    def fill(self, table: TableStream) -> int:
        """Compute shards of a table; returns the number of all its shards."""
        count = done = 0
        for chunk in table.read(SHARD_ROWS):
            with self._shards.claim(count) as claimed:
                if claimed:
                    self._shards.save(count, *self._predict(chunk, done, table.rows))
            count, done = count + 1, done + len(chunk)
            if self._predictor:
                self._report(done, table.rows)
        return count

    def _predict(self, chunk: Chunk, done: int, rows: int) -> tuple[pa.Table, Counts]:
        if self._predictor is None:
            self._on_event(Phase("loading"))
            self._predictor = self._load(self._request.model_folder, self._shards.engine() or self._request.engine)
            self._shards.save_engine(self._predictor.engine.name)
            self._on_event(Phase("predicting"))
        started = time.monotonic()

        def report(texts: int, total: int) -> None:
            speed = (self._predicted + texts) / (self._seconds + time.monotonic() - started)
            self._on_event(Progress(done + texts, rows, (rows - done - texts) / speed))

        predicted = predict_chunk(self._predictor, chunk, self._request.column, report)
        self._seconds += time.monotonic() - started
        self._predicted += len(chunk)
        return predicted

    def _report(self, done: int, rows: int) -> None:
        left = self._seconds / self._predicted * (rows - done) if self._predicted else None
        self._on_event(Progress(done, rows, left))


class _Histogram:
    """Counts predicted values between the lowest and the highest; empty where there are no values."""

    def __init__(self, low: float | None, high: float | None) -> None:
        self._edges = [] if low is None or high is None else np.linspace(low, high, _BINS + 1).tolist()
        self._rows = np.zeros(_BINS, dtype=np.int64)

    def add(self, column: pa.ChunkedArray) -> None:
        if self._edges:
            values = column.drop_null().to_numpy()
            bins = np.searchsorted(self._edges, values, side="right") - 1
            self._rows += np.bincount(bins.clip(0, _BINS - 1), minlength=_BINS)

    def bins(self) -> list[Bin]:
        return [Bin(*ends, int(rows)) for ends, rows in zip(pairwise(self._edges), self._rows, strict=False)]


@dataclass(frozen=True)
class _Complete:
    """The shards of a file, all complete: their counts, and the number of columns of the input."""

    shards: Shards
    counts: list[Counts]
    input_columns: int


def _write_output(request: BatchRequest, complete: _Complete, on_event: OnEvent) -> BatchSummary:
    """Write the output and the summary from complete shards."""
    shards, counts = complete.shards, complete.counts
    total = sum_counts(counts)
    histogram = _Histogram(total.low, total.high)

    def read_tables() -> Iterator[pa.Table]:
        for number in range(len(counts)):
            table = pq.ParquetFile(shards.path(number)).read()
            histogram.add(table.column(complete.input_columns))
            yield table if total.problems else table.remove_column(table.num_columns - 1)
            on_event(Progress(number + 1, len(counts)))

    for path in request.output.parent.glob(".*"):  # left by a process that was killed while it wrote
        if re.fullmatch(re.escape(f".{request.output.name}.") + r"\d+\.[0-9a-f]{8}", path.name):
            path.unlink()
    write_atomically(request.output, lambda path: write_tables(path, request.output_format, read_tables()))
    summary = BatchSummary(
        total.rows,
        total.unsure,
        total.problems,
        total.labels,
        histogram.bins(),
        shards.engine() or "",
        total.confidence,
        total.values,
        decision_rule.load(request.model_folder).thresholds,
    )
    shards.finish(summary, len(counts))
    return summary
