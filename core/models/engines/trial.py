"""A timed trial of several engines on the same texts, each library in a process of its own.

Libraries with thread pools of their own can block one another in one process. The engines take turns on parts of the texts,
so that a busy machine slows all of them alike.
"""

import json
import os
import statistics
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from core import host
from core.jobs.events import OnProgress, no_progress
from core.models.engines.base import CALIBRATION_TEXTS, OPENVINO_INT8, family
from core.task import Floats

_PROJECT = Path(__file__).resolve().parents[3]
_ROUNDS = 5
_SEED = 0
# An engine may need to be exported first, which takes torch's exporter a minute on a busy machine.
_ANSWER_WITHIN = 300.0
# Computes the logits of some texts with an engine: the logits and the seconds that took. Raises EngineError.
Measure = Callable[[str, Sequence[str]], tuple[Floats, float]]


class EngineError(Exception):
    """An engine that cannot be measured, and why."""


@dataclass(frozen=True)
class Measurement:
    """The logits of an engine for the texts of a trial and its speed in each round, in texts per second; or its problem."""

    name: str
    logits: Floats
    speeds: tuple[float, ...]
    problem: str = ""

    @property
    def texts_per_second(self) -> float:
        """The median speed."""
        return statistics.median(self.speeds)


@dataclass(frozen=True)
class TrialSize:
    """How much is measured: at most so many texts, and no further round after so many seconds."""

    texts: int = 1_000
    seconds: float = 120.0


@dataclass
class _Candidate:
    logits: list[Floats] = field(default_factory=list)
    speeds: list[float] = field(default_factory=list)
    problem: str = ""


def draw_rows(rows: int, size: TrialSize) -> list[npt.NDArray[np.int64]]:
    """The rows of each round, drawn at random from all rows."""
    drawn = np.random.default_rng(_SEED).permutation(rows)[: size.texts]
    return np.array_split(drawn, min(_ROUNDS, len(drawn)))


def run_trial(
    measure: Measure,
    engines: Sequence[str],
    rounds: Sequence[Sequence[str]],
    size: TrialSize = TrialSize(),
    on_progress: OnProgress = no_progress,
) -> dict[str, Measurement]:
    """The measurements of all engines on the texts of each round; fewer rounds if time runs out.

    The speed is the median over the rounds. An engine that fails once is not asked again.
    """
    candidates = {name: _Candidate() for name in engines}
    start = time.monotonic()
    for number, texts in enumerate(rounds):
        if number and time.monotonic() - start > size.seconds:
            break
        # Every other round goes backwards, so that no engine always follows the same one.
        for name in list(engines)[:: 1 if number % 2 == 0 else -1]:
            _measure_round(measure, name, texts, candidates[name])
        on_progress(number + 1, len(rounds))
    return {name: _summarize(name, candidate) for name, candidate in candidates.items()}


def _measure_round(measure: Measure, name: str, texts: Sequence[str], candidate: _Candidate) -> None:
    if candidate.problem:
        return
    try:
        logits, seconds = measure(name, texts)
    except EngineError as error:
        candidate.problem = str(error)
        return
    if not np.isfinite(logits).all():
        candidate.problem = "It computes NaN or infinite values."
    candidate.logits.append(logits)
    candidate.speeds.append(len(texts) / max(seconds, 1e-9))


def _summarize(name: str, candidate: _Candidate) -> Measurement:
    if candidate.problem:
        return Measurement(name, np.zeros((0, 0), dtype=np.float32), (), candidate.problem)
    return Measurement(name, np.concatenate(candidate.logits), tuple(candidate.speeds))


@contextmanager
def engine_processes(model_folder: Path, home: Path, calibration_texts: Sequence[str] = ()) -> Iterator[Measure]:
    """Measures engines in processes, one for each library, that end with this context.

    Int8 of OpenVINO is calibrated on the first of ``calibration_texts`` when it is exported.
    """
    running: dict[str, subprocess.Popen[str]] = {}
    with ExitStack() as stack:

        def measure(name: str, texts: Sequence[str]) -> tuple[Floats, float]:
            library = family(name)
            if library not in running or running[library].poll() is not None:
                running[library] = stack.enter_context(_worker(model_folder, home))
            question: dict[str, Any] = {"engine": name, "texts": list(texts)}
            if name == OPENVINO_INT8:
                question["calibration_texts"] = list(calibration_texts[:CALIBRATION_TEXTS])
            answer = _ask(running[library], question)
            if "problem" in answer:
                raise EngineError(answer["problem"])
            return np.asarray(answer["logits"], dtype=np.float32), float(answer["seconds"])

        yield measure


@contextmanager
def _worker(model_folder: Path, home: Path) -> Iterator[subprocess.Popen[str]]:
    threads = str(host.cores())
    process = subprocess.Popen(
        [sys.executable, "-W", "ignore", "-m", "core.models.engines.worker", str(model_folder.resolve()), str(home)],
        cwd=_PROJECT,
        env=os.environ | {"OMP_NUM_THREADS": threads, "RAYON_NUM_THREADS": threads},
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
        encoding="utf-8",
    )
    try:
        yield process
    finally:
        process.kill()
        process.wait()
        for stream in (process.stdin, process.stdout):
            assert stream is not None
            with suppress(OSError):  # what was not sent to a dead process cannot be sent now
                stream.close()


def _ask(process: subprocess.Popen[str], question: dict[str, Any]) -> dict[str, Any]:
    """The answer of a worker; a problem if it dies or does not answer in time."""
    assert process.stdin is not None
    assert process.stdout is not None
    timer = threading.Timer(_ANSWER_WITHIN, process.kill)
    timer.start()
    try:
        process.stdin.write(json.dumps(question) + "\n")
        process.stdin.flush()
        line = process.stdout.readline()
    except OSError:
        line = ""
    finally:
        timer.cancel()
    if not line:
        process.wait()
        return {"problem": f"Its process ended, or did not answer within {_ANSWER_WITHIN:.0f} s."}
    answer: dict[str, Any] = json.loads(line)
    return answer
