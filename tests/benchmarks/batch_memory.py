"""Memory and speed of the prediction of a file with a million rows, without the model: only rows are read and written."""

import tempfile
from pathlib import Path

import pyarrow.csv as pc
import pyarrow.parquet as pq

from tests.benchmarks.common import Figure
from tests.prediction.batch_memory import MemoryUse, measure_memory, write_rows

_ROWS = 1_000_000
_LIMIT_MB = 300.0


def batch_memory() -> list[Figure]:
    """Peak resident memory beyond the idle process in MB, for CSV and for Parquet with one row group; the limit is 300."""
    with tempfile.TemporaryDirectory() as scratch:
        folder = Path(scratch)
        table = write_rows(folder / "in.csv", _ROWS)
        pq.write_table(pc.read_csv(table), folder / "in.parquet", row_group_size=_ROWS)
        return [_figure(suffix, _measure(folder, suffix)) for suffix in ("csv", "parquet")]


def _measure(folder: Path, suffix: str) -> MemoryUse:
    work = folder / suffix
    work.mkdir()
    return measure_memory(work, folder / f"in.{suffix}", f"out.{suffix}")


def _figure(suffix: str, use: MemoryUse) -> Figure:
    how = f"{_ROWS:,} rows, {suffix} to {suffix}, {use.seconds:.0f} s; peak beyond {use.idle_mb:.0f} MB of the idle process"
    return Figure(f"batch_memory_{suffix}", use.added_mb, _LIMIT_MB, _LIMIT_MB / use.added_mb, "MB", [], how)
