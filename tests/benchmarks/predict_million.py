"""A file of a million short texts through a real model: memory, and a second run that is killed twice and continued.

Other sizes: ``python -m tests.benchmarks.predict_million ROWS``.
"""

import json
import random
import subprocess
import sys
import tempfile
import time
from dataclasses import asdict
from pathlib import Path

from core.data.reading.chunks import SourceFile
from core.data.samples import CLINIC
from core.jobs.events import ignore_event
from core.models.encoders import BUILT_IN
from core.prediction.batch_file import SHARD_ROWS, BatchRequest, predict_in_shards
from core.prediction.batch_rows import load_predictor
from core.task import Task
from tests.benchmarks.common import Figure
from tests.prediction.batch_memory import MemoryUse, watch_memory

_ROWS = 1_000_000
_LIMIT_MB = 300.0
_LABELS = ("refill", "billing", "side effect", "appointment")


def predict_million(rows: int = _ROWS) -> list[Figure]:
    """Peak resident memory beyond the idle process with its model in MB; the limit is 300.

    Raises:
        RuntimeError: the run that was killed and continued gave another file.
    """
    from core.models.classifier import build_classifier, save_head  # brings torch, which the child must not load

    with tempfile.TemporaryDirectory() as scratch:
        folder = Path(scratch)
        save_head(build_classifier(BUILT_IN, Task("multiclass", _LABELS), 128), folder / "model")
        write_short_texts(folder / "in.csv", rows)
        use = _predict_in_child(folder, "once.csv")
        for share in (0.3, 0.6):
            _predict_and_kill(folder, "continued.csv", int(share * rows / SHARD_ROWS))
        _predict_in_child(folder, "continued.csv")
        if (folder / "once.csv").read_bytes() != (folder / "continued.csv").read_bytes():
            raise RuntimeError("The run that was killed and continued gave another file.")
    how = (
        f"{rows:,} rows in {use.seconds:.0f} s; peak beyond {use.idle_mb:.0f} MB of the idle process with its model; "
        "killed twice and continued: the same file"
    )
    return [Figure("predict_million", use.added_mb, _LIMIT_MB, _LIMIT_MB / use.added_mb, "MB", [], how)]


def write_short_texts(path: Path, rows: int) -> None:
    """A CSV file with an id and a text of two to five words in each row."""
    rng = random.Random(0)
    words = sorted(
        {word for text in CLINIC.read().frame[CLINIC.columns.text] for word in text.split() if word.isalpha()}
    )
    with path.open("w", encoding="utf-8") as file:
        file.write("id,text\n")
        for row in range(rows):
            file.write(f"{row},{' '.join(rng.choices(words, k=rng.randint(2, 5)))}\n")


def _command(folder: Path, output: str) -> list[str]:
    return [sys.executable, "-m", "tests.benchmarks.predict_million", str(folder), output]


def _predict_in_child(folder: Path, output: str) -> MemoryUse:
    child = subprocess.run(_command(folder, output), stdout=subprocess.PIPE, text=True, check=True)
    return MemoryUse(**json.loads(child.stdout))


def _predict_and_kill(folder: Path, output: str, shards: int) -> None:
    child = subprocess.Popen(_command(folder, output), stdout=subprocess.DEVNULL)
    while child.poll() is None and sum(1 for _ in (folder / output).with_suffix(".progress").rglob("0*.json")) < shards:
        time.sleep(0.5)
    child.kill()
    child.wait()


def _predict(folder: Path, output: str) -> None:
    """Predict in this process, after it has loaded the model, and print the memory that it took."""
    predictor = load_predictor(folder / "model")
    predictor.predict(["warm up"] * 100)
    path = folder / output
    source = SourceFile.of_path(folder / "in.csv")
    request = BatchRequest(source, "text", folder / "model", path, "csv", path.with_suffix(".progress"))
    use = watch_memory(lambda: predict_in_shards(request, lambda *_: predictor, ignore_event))
    print(json.dumps(asdict(use)))


if __name__ == "__main__":
    if len(sys.argv) == 2:
        print(*predict_million(int(sys.argv[1])))
    else:
        _predict(Path(sys.argv[1]), sys.argv[2])
