"""Reading, checking and splitting tables of 10,000 to 1,000,000 rows: seconds, and memory above idle by the file's size."""

import csv
import json
import random
import subprocess
import sys
import tempfile
from pathlib import Path

from core.data.samples import SAMPLES
from tests.benchmarks.common import Figure

_ROWS = (10_000, 100_000, 1_000_000)
_WORDS_A_TEXT = 25
_CLASSES = 20
_MOST_MEMORY = 4.0

_WORK = """
import json, sys, threading, time
from pathlib import Path
import psutil
from core.data.checks.run import run_checks
from core.data.columns import apply_columns
from core.data.guessing import resolve_columns
from core.data.reading.files import read_file
from core.data.splitting import SplitConfig, fingerprint, split
from core.models.tokenization import count_tokens
process, peak = psutil.Process(), [0]
idle = process.memory_info().rss
def watch():
    while True:
        peak[0] = max(peak[0], process.memory_info().rss)
        time.sleep(0.01)
threading.Thread(target=watch, daemon=True).start()
times, start = {}, time.perf_counter()
def lap(name):
    global start
    times[name], start = time.perf_counter() - start, time.perf_counter()
table = read_file(Path(sys.argv[1])); lap("read")
choice = resolve_columns(table)
labeled = apply_columns(table, choice); lap("columns")
run_checks(table, choice, labeled); lap("check")
fingerprint(labeled.frame); lap("fingerprint")
split(labeled, SplitConfig()); lap("split")
print(json.dumps({"times": times, "memory": peak[0] - idle}))
"""


def data_scaling() -> list[Figure]:
    """Seconds for each size against ten times those of a tenth of the rows; memory against four times the file."""
    figures: list[Figure] = []
    seconds: dict[int, float] = {}
    with tempfile.TemporaryDirectory() as scratch:
        for rows in _ROWS:
            file = _written(Path(scratch) / f"{rows}.csv", rows)
            done = subprocess.run([sys.executable, "-c", _WORK, str(file)], capture_output=True, text=True, check=True)
            record = json.loads(done.stdout)
            seconds[rows] = sum(record["times"].values())
            size = file.stat().st_size
            parts = ", ".join(f"{name} {spent:.1f} s" for name, spent in record["times"].items())
            print(f"{rows:,} rows, {size / 1e6:.0f} MB: {parts}", file=sys.stderr)
            before = 10 * seconds.get(rows // 10, seconds[rows])
            figures.append(
                Figure(f"data_scaling_{rows}", seconds[rows], before, before / seconds[rows], "s", [], parts)
            )
            if rows == _ROWS[-1]:
                times = record["memory"] / size
                how = f"peak above idle, file of {size / 1e6:.0f} MB"
                figures.append(
                    Figure("data_scaling_memory", times, _MOST_MEMORY, _MOST_MEMORY / times, "times", [], how)
                )
    return figures


def _written(file: Path, rows: int) -> Path:
    """A table of random sentences out of the words of the samples."""
    words = " ".join(text for sample in SAMPLES for text in sample.read().frame[sample.columns.text]).split()
    rng = random.Random(0)
    with file.open("w", newline="", encoding="utf-8") as out:
        writer = csv.writer(out)
        writer.writerow(["text", "label"])
        for _ in range(rows):
            writer.writerow([" ".join(rng.choices(words, k=_WORDS_A_TEXT)), f"class {rng.randrange(_CLASSES)}"])
    return file
