"""The shards of a file that is predicted: parts of its rows with their predictions, which survive a killed process.

A shard is ``<number>.parquet``. The file ``<number>.json`` beside it says that it is complete. Several processes, on several
machines that share the folder, can compute shards: each is locked while it is computed, and the locks of a killed process are
released.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
from filelock import FileLock, Timeout

from core.errors import StorageError
from core.evaluation.prevalence.pile import NO_VALUES, Moments
from core.prediction.batch_rows import Counts
from core.storage import parse_record, read_record, write_record
from core.workspace import write_atomically

_SUMMARY = "summary.json"
_ENGINE = "engine.json"


@dataclass(frozen=True)
class Bin:
    """How many predicted values are between two values."""

    low: float
    high: float
    rows: int


@dataclass(frozen=True)
class BatchSummary:
    """Counts of a finished prediction.

    ``unsure`` rows are below the confidence that the decision rule asks for, ``problems`` rows have no prediction. ``labels``
    has the number of predictions of each label, the most frequent first; ``bins`` is the histogram of predicted values of a
    regression model. ``engine`` is the one that computed them. ``confidence`` and ``values`` are those of
    :class:`core.prediction.batch_rows.Counts`, ``thresholds`` those of the decision rule; None in summaries of older versions.
    """

    rows: int
    unsure: int
    problems: int
    labels: dict[str, int]
    bins: list[Bin] = field(default_factory=list)
    engine: str = ""
    confidence: dict[str, Moments] = field(default_factory=dict)
    values: Moments = NO_VALUES
    thresholds: tuple[float, ...] | None = None

    @property
    def pile_rows(self) -> int:
        """The number of rows with a prediction."""
        return self.rows - self.problems


def read_summary(path: Path) -> BatchSummary:
    """The summary in a file.

    Raises:
        StorageError: it is missing or damaged.
    """
    return parse_record(BatchSummary, read_record(path), path)


@dataclass(frozen=True)
class _Marker:
    """The contents of the file beside a complete shard: the size of the shard in bytes, and its counts."""

    bytes: int
    counts: Counts


class Shards:
    """The shards of a file, in a folder of their own."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        folder.mkdir(parents=True, exist_ok=True)

    def path(self, number: int) -> Path:
        """The file of a shard."""
        return self.folder / f"{number:06d}.parquet"

    def counts(self, number: int) -> Counts | None:
        """The counts of a shard; None if it is not complete."""
        path = self.path(number)
        marker = path.with_suffix(".json")
        try:
            record = parse_record(_Marker, read_record(marker), marker)
            return record.counts if path.stat().st_size == record.bytes else None
        except (StorageError, FileNotFoundError):
            return None

    def save(self, number: int, table: pa.Table, counts: Counts) -> None:
        """Write a shard, then the file that says that it is complete."""
        path = self.path(number)
        write_atomically(path, lambda temporary: pq.write_table(table, temporary))
        write_record(path.with_suffix(".json"), asdict(_Marker(path.stat().st_size, counts)))

    @contextmanager
    def claim(self, number: int) -> Iterator[bool]:
        """Whether this process is to compute a shard: it is not complete, and no other process has locked it."""
        lock = FileLock(self.path(number).with_suffix(".lock"))
        try:
            lock.acquire(timeout=0)
        except Timeout:
            yield False
            return
        try:
            # In this order: the shards are deleted once there is a summary.
            yield self.counts(number) is None and self.summary() is None
        finally:
            lock.release()

    def summary(self) -> BatchSummary | None:
        """The summary, once the output has been written."""
        try:
            return read_summary(self.folder / _SUMMARY)
        except StorageError:
            return None

    def engine(self) -> str | None:
        """The name of the engine that computes the shards; None before the first one."""
        try:
            return str(read_record(self.folder / _ENGINE).get("engine"))
        except StorageError:
            return None

    def save_engine(self, name: str) -> None:
        """Write the name of the engine, so that a later process uses it too."""
        write_record(self.folder / _ENGINE, {"engine": name})

    def forget_summary(self) -> None:
        """Delete the summary, so that the output is made anew."""
        (self.folder / _SUMMARY).unlink(missing_ok=True)

    def finish(self, summary: BatchSummary, count: int) -> None:
        """Write the summary, then delete the shards."""
        write_record(self.folder / _SUMMARY, asdict(summary))
        for number in range(count):
            for suffix in (".json", ".parquet", ".lock"):
                self.path(number).with_suffix(suffix).unlink(missing_ok=True)
