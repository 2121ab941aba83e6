"""The memory that the prediction of a file takes beyond that of the idle process, measured in a child process.

Run as ``python -m tests.prediction.batch_memory <folder> <source> <output name>``, it prints the megabytes as JSON.
"""

import json
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np
import psutil

from core.jobs.events import OnProgress, ignore_event, no_progress
from core.prediction.batch_file import predict_in_shards
from core.prediction.batch_rows import Predictor
from core.task import Floats, Task
from tests.prediction.batch_cases import TASK, make_request


@dataclass(frozen=True)
class MemoryUse:
    """Resident memory in MB before the prediction and at its peak, and the seconds it took."""

    idle_mb: float
    peak_mb: float
    seconds: float

    @property
    def added_mb(self) -> float:
        """What the prediction added."""
        return self.peak_mb - self.idle_mb


class QuickEngine:
    """Gives logits at once, so that only the reading and writing of rows counts."""

    name = "quick"
    task: Task = TASK

    def logits(self, texts: Sequence[str], on_progress: OnProgress = no_progress) -> Floats:
        """Logits that follow from the lengths of the texts."""
        lengths = np.asarray([len(text) for text in texts], dtype=np.float32)
        return np.asarray(np.sin(lengths[:, None] + np.arange(self.task.outputs)), dtype=np.float32)


def write_rows(path: Path, rows: int) -> Path:
    """A CSV file with an id, a text of about 200 characters and a label in each row."""
    with path.open("w", encoding="utf-8") as file:
        file.write("id,text,label\n")
        for row in range(rows):
            file.write(f'{row},"Row {row}, {"some words " * (10 + row % 16)}",label {row % 7}\n')
    return path


def measure_memory(folder: Path, source: Path, output: str) -> MemoryUse:
    """The memory that a process takes to predict a file."""
    command = [sys.executable, "-m", __name__, str(folder), str(source), output]
    child = subprocess.run(command, stdout=subprocess.PIPE, text=True, check=True)
    return MemoryUse(**json.loads(child.stdout))


def main(folder: str, source: str, output: str) -> None:
    """Predict a file in this process, and print the memory that it took."""
    warm_up = Path(folder) / "warm-up"
    warm_up.mkdir()
    predict_in_shards(
        make_request(warm_up, write_rows(warm_up / "in.csv", 10), output),
        lambda *_: Predictor(QuickEngine()),
        ignore_event,
    )
    request = make_request(Path(folder), Path(source), output)
    use = watch_memory(lambda: predict_in_shards(request, lambda *_: Predictor(QuickEngine()), ignore_event))
    print(json.dumps(asdict(use)))


def watch_memory(work: Callable[[], object]) -> MemoryUse:
    """The memory that this process takes while it does some work."""
    idle, start = _resident_mb(), time.monotonic()
    peak, done = idle, threading.Event()

    def watch() -> None:
        nonlocal peak
        while not done.wait(0.01):
            peak = max(peak, _resident_mb())

    watcher = threading.Thread(target=watch)
    watcher.start()
    try:
        work()
    finally:
        done.set()
        watcher.join()
    return MemoryUse(idle, peak, time.monotonic() - start)


def _resident_mb() -> float:
    return psutil.Process().memory_info().rss / 1e6


if __name__ == "__main__":
    main(*sys.argv[1:])
