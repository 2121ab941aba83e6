"""Speed of prediction on AG News: the engine that is chosen on this host, against ``pipeline`` and against torch."""

import json
import statistics
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from core import host
from core.decision_rule import DecisionRule
from core.models.engines.agreement import agreement
from core.models.engines.base import TORCH
from core.models.engines.choice import FAITHFUL, choose
from core.models.engines.selection import ValidationRows, choose_engine
from core.models.engines.trial import Measure, Measurement, TrialSize, engine_processes, run_trial
from core.models.record import read_model_record
from core.task import Floats
from tests.benchmarks.agnews import ours, split_as_the_notebook
from tests.benchmarks.common import Figure, data_folder

ROUNDS, TEXTS = 5, 200
PIPELINE, PIPELINE_32 = "pipeline", "pipeline(batch_size=32)"

_PIPELINE = """
import json, os, sys, time
answers = os.fdopen(os.dup(1), "w")
os.dup2(2, 1)
import torch
from transformers import pipeline

folder, threads, batch_size, max_length = sys.argv[1:]
torch.set_num_threads(int(threads))
classify = pipeline("text-classification", model=folder, device="cpu")
order = [classify.model.config.id2label[i] for i in range(classify.model.config.num_labels)]
options = {"top_k": None, "function_to_apply": "none", "truncation": True, "max_length": int(max_length)}
classify("warm up", **options)
for line in sys.stdin:
    start = time.perf_counter()
    rows = classify(json.loads(line), batch_size=int(batch_size), **options)
    seconds = time.perf_counter() - start
    logits = [[{entry["label"]: entry["score"] for entry in row}[label] for label in order] for row in rows]
    answers.write(json.dumps([logits, seconds]) + "\\n")
    answers.flush()
"""


def predict_speed() -> list[Figure]:
    """Texts per second of the chosen engines, and their agreement with torch in float32 on texts that did not choose them."""
    source = data_folder("ag_news")
    if source is None:
        return []
    frame = pd.read_csv(source / "test.csv", keep_default_na=False)
    measured_rows, choosing = frame.iloc[: ROUNDS * TEXTS], frame.iloc[ROUNDS * TEXTS : 2 * ROUNDS * TEXTS]
    with tempfile.TemporaryDirectory() as scratch:
        home = Path(scratch) / "home"
        model = ours(*split_as_the_notebook(source, Path(scratch)), Path(scratch) / "workspace")[0] / "model"
        task = read_model_record(model).task
        targets = task.encode(choosing["label"].tolist())
        choice = choose_engine(model, ValidationRows(choosing["text"].tolist(), targets), home=home)
        faithful = choose(choice.trial, FAITHFUL)
        texts = measured_rows["text"].tolist()
        rounds = [texts[start : start + TEXTS] for start in range(0, len(texts), TEXTS)]
        with _pipelines(model) as pipelines, engine_processes(model, home) as engines:

            def measure(name: str, texts: Sequence[str]) -> tuple[Floats, float]:
                return (pipelines if name in (PIPELINE, PIPELINE_32) else engines)(name, texts)

            names = dict.fromkeys([PIPELINE, PIPELINE_32, TORCH, faithful.engine, choice.engine])
            measured = run_trial(measure, list(names), rounds, TrialSize(seconds=3600))
    torch, fast, exact = (measured[name] for name in (TORCH, choice.engine, faithful.engine))
    difference = float(np.abs(measured[PIPELINE].logits - torch.logits).max())
    agreements = {
        name: float(agreement(task, DecisionRule(), torch.logits, measured[name].logits).mean()) for name in names
    }
    how = f"{faithful.engine}, {agreements[faithful.engine]:.4f} agreement with torch float32 on {len(measured_rows)} texts"
    chosen = (
        f"{choice.engine}, {agreements[choice.engine]:.4f} agreement with torch float32 on {len(measured_rows)} texts"
    )
    return [
        _ratio(
            "predict_vs_pipeline", exact, measured[PIPELINE], f"{how}; pipeline's logits differ by {difference:.1e}"
        ),
        _ratio("predict_vs_pipeline_32", exact, measured[PIPELINE_32], how),
        _ratio("predict_vs_torch", exact, torch, how),
        _ratio("predict_int8_vs_pipeline_32", fast, measured[PIPELINE_32], chosen),
        _ratio("predict_int8_vs_torch", fast, torch, chosen),
        Figure(
            "engine_choice",
            agreements[choice.engine],
            0.99,
            agreements[choice.engine] / 0.99,
            "share",
            [[result.agreement, result.texts_per_second] for result in choice.trial.results],
            f"{choice.reason} Faithful: {faithful.reason}",
        ),
    ]


def _ratio(name: str, mine: Measurement, theirs: Measurement, how: str) -> Figure:
    """A figure of two speeds; the ratio is the median of those of the rounds, in which both were equally disturbed."""
    pairs = [list(pair) for pair in zip(mine.speeds, theirs.speeds, strict=True)]
    ratio = statistics.median(fast / slow for fast, slow in pairs)
    return Figure(name, mine.texts_per_second, theirs.texts_per_second, ratio, "texts/s", pairs, how)


@contextmanager
def _pipelines(model: Path) -> Iterator[Measure]:
    """Measures ``pipeline`` with and without batches, each in a process of its own."""
    max_length = str(read_model_record(model).max_length)
    processes = {
        name: subprocess.Popen(
            [sys.executable, "-W", "ignore", "-c", _PIPELINE, str(model), str(host.cores()), size, max_length],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        for name, size in ((PIPELINE, "1"), (PIPELINE_32, "32"))
    }

    def measure(name: str, texts: Sequence[str]) -> tuple[Floats, float]:
        process: Any = processes[name]
        process.stdin.write(json.dumps(list(texts)) + "\n")
        process.stdin.flush()
        logits, seconds = json.loads(process.stdout.readline())
        return np.asarray(logits, dtype=np.float32), seconds

    try:
        yield measure
    finally:
        for process in processes.values():
            process.kill()
            process.communicate()
