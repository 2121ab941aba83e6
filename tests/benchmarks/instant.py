"""An instant model of 5,572 SMS messages: from Start to the first usable model, against an older checkout of this project.

``STUDIO_BENCH_BASELINE`` names the folder of that checkout. Its first usable model is the one with which its run ends.
"""

import json
import os
import statistics
import subprocess
import sys
import tempfile
from pathlib import Path

import numpy as np

from core.jobs import events
from core.jobs.events import FirstModel
from core.models.engines.load import load_engine
from core.runs import Run
from core.task import Floats
from tests.benchmarks.common import Figure, data_folder

BASELINE_VARIABLE = "STUDIO_BENCH_BASELINE"
_PROJECT = Path(__file__).resolve().parents[2]
_ROUNDS = 3


def instant_rows() -> list[Figure]:
    """Seconds from the start of an instant run to its first model and to its end, and accuracies on test rows."""
    source, baseline = data_folder("sms_spam"), os.environ.get(BASELINE_VARIABLE)
    if source is None or not baseline:
        print(f"left out: it needs the data and {BASELINE_VARIABLE}, a folder with an older checkout", file=sys.stderr)
        return []
    file, rounds = source / "SMSSpamCollection.tsv", []
    with tempfile.TemporaryDirectory() as scratch:
        # The export of the encoder is made once on a host; so that it is not timed, it is made here.
        _train(file, _PROJECT, Path(scratch) / "warm")
        for number in range(_ROUNDS):
            ours = _train(file, _PROJECT, Path(scratch) / f"ours{number}")
            theirs = _train(file, Path(baseline), Path(scratch) / f"theirs{number}")
            rounds.append((*_first_model(ours), *map(_seconds, (ours, theirs)), *map(_accuracy, (ours, theirs))))
            print("first {:.1f} s, {:.4f}; all {:.1f} s, theirs {:.1f} s".format(*rounds[-1][:4]), file=sys.stderr)
    first, accuracy, ours_all, theirs_all, ours_accuracy, theirs_accuracy = (
        list(column) for column in zip(*rounds, strict=True)
    )
    how = f"to the first model, with process start; test accuracy {_middle(accuracy):.4f} against {_middle(theirs_accuracy):.4f}"
    last = f"test accuracy {_middle(ours_accuracy):.4f} against {_middle(theirs_accuracy):.4f}"
    return [
        _figure("instant_rows", first, theirs_all, how),
        _figure("instant_rows_finished", ours_all, theirs_all, last),
    ]


def _train(file: Path, checkout: Path, workspace: Path) -> Run:
    """A finished instant run."""
    arguments = ["--text", "column 2", "--label", "column 1", "--method", "instant", "--workspace", str(workspace)]
    environment = os.environ | {"STUDIO_HOME": str(workspace.parent / f"home-{checkout.name}")}
    done = subprocess.run(
        [sys.executable, "-m", "core", "train", str(file), *arguments, "--json"],
        cwd=checkout,
        env=environment,
        stdout=subprocess.PIPE,
        text=True,
        check=True,
    )
    return Run.open(Path(json.loads(done.stdout)["folder"]))


def _started(run: Run) -> float:
    """When the run was started: its process starts as soon as its record is written."""
    return (run.folder / "run.json").stat().st_mtime


def _seconds(run: Run) -> float:
    """The seconds from the start to the result."""
    return (run.folder / "evaluation" / "result.json").stat().st_mtime - _started(run)


def _first_model(run: Run) -> tuple[float, float]:
    """The seconds until the first model was there, and its accuracy on the test rows."""
    event = next(event for event in events.read(run.folder) if isinstance(event, FirstModel))
    texts = run.split("test")["text"].tolist()
    return event.time - _started(run), _share_correct(run, load_engine(run.first_model_folder).logits(texts))


def _accuracy(run: Run) -> float:
    return _share_correct(run, run.logits("test"))


def _share_correct(run: Run, logits: Floats) -> float:
    targets = run.task.encode(run.split("test")["label"].tolist())
    return float(np.mean(logits.argmax(axis=1) == targets))


def _middle(values: list[float]) -> float:
    return statistics.median(values)


def _figure(name: str, ours: list[float], theirs: list[float], how: str) -> Figure:
    """How many times faster we are; the ratio is the median of those of the rounds."""
    pairs = [list(pair) for pair in zip(ours, theirs, strict=True)]
    ratio = _middle([slow / fast for fast, slow in pairs])
    return Figure(name, _middle(ours), _middle(theirs), ratio, "s", pairs, how)
