"""What every benchmark reports, and where the larger data lies."""

import os
import sys
from dataclasses import dataclass
from pathlib import Path

DATA_VARIABLE = "STUDIO_BENCH_DATA"


@dataclass(frozen=True)
class Figure:
    """One line of bench.json; ``runs`` holds each run's pair (ours, theirs), ``how`` says what was measured."""

    name: str
    ours: float
    theirs: float
    ratio: float
    unit: str
    runs: list[list[float]]
    how: str


def data_folder(name: str) -> Path | None:
    """The folder of a larger dataset; None, with a message on stderr, if there is none."""
    folder = Path(os.environ.get(DATA_VARIABLE, "")) / name
    if os.environ.get(DATA_VARIABLE) and folder.is_dir():
        return folder
    print(f"left out: {DATA_VARIABLE} names no folder with {name}", file=sys.stderr)
    return None
