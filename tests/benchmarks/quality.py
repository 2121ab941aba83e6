"""How good models get on public data with the settings that the studio recommends, everything chosen on validation."""

import json
import os
import statistics
import subprocess
import sys
import tempfile
from pathlib import Path

import numpy as np
import pandas as pd

from core.evaluation import comparison
from core.evaluation.comparison import ModelOutputs, compare
from core.evaluation.decisions import thresholds
from core.evaluation.metrics import compute
from core.runs import Run
from core.task import Task
from tests.benchmarks.common import Figure, data_folder

_SEEDS = (1, 2, 3)
_SHOTS = 10


def banking77_full() -> list[Figure]:
    """Official split, 77 intents: accuracy, mean of three seeds, against frozen features with logistic regression."""
    return _banking("banking77_full", 0.938, shots=None)


def banking77_10shot() -> list[Figure]:
    """Ten training texts a class, official test."""
    return _banking("banking77_10shot", 0.86, shots=_SHOTS)


def _banking(name: str, floor: float, shots: int | None) -> list[Figure]:
    source = data_folder("banking77")
    if source is None:
        return []
    runs = []
    accuracies, seconds, memory, compare_with_baselines = [], [], [], []
    with tempfile.TemporaryDirectory() as scratch:
        for seed in _SEEDS:
            train = _few(source / "train.csv", Path(scratch) / f"train{seed}.csv", shots, seed)
            told = [
                "--text",
                "text",
                "--label",
                "category",
                "--test-file",
                str(source / "test.csv"),
                "--seed",
                str(seed),
            ]
            tuned = train_with(train, told, Path(scratch) / f"a{seed}")
            instant = train_with(train, [*told, "--method", "instant"], Path(scratch) / f"b{seed}")
            gain = _compared(tuned, instant)
            compare_with_baselines.append(_right(tuned) - _right(instant))
            runs.append([gain.first, gain.second])
            accuracies.append(gain.first)
            result = tuned.result()
            assert result is not None
            seconds.append(result.seconds)
            memory.append(result.peak_memory_mb)
            print(f"seed {seed}: {gain.first:.4f} against {gain.second:.4f}, {result.seconds:.0f} s", file=sys.stderr)
    mean = statistics.mean(accuracies)
    low, high = _interval_of_mean(np.mean(compare_with_baselines, axis=0))
    how = (
        f"mean of {len(_SEEDS)} seeds, official test; {statistics.mean(seconds):.0f} s and {max(memory):.0f} MB a run; "
        f"gain over frozen features, paired by test row, {low:+.4f} to {high:+.4f}"
    )
    return [Figure(name, mean, floor, mean / floor, "accuracy", runs, how)]


def _right(run: Run) -> np.ndarray:
    """1 for each test row that is answered right, else 0."""
    targets = run.task.encode(run.split("test")["label"].tolist())
    return np.asarray(run.logits("test").argmax(axis=1) == targets, dtype=np.float64)


def _interval_of_mean(values: np.ndarray) -> tuple[float, float]:
    """95 % percentile interval over resampled rows."""
    rng = np.random.default_rng(0)
    means = [values[rng.integers(0, len(values), len(values))].mean() for _ in range(2_000)]
    low, high = np.percentile(means, [2.5, 97.5])
    return float(low), float(high)


def goemotions_f1() -> list[Figure]:
    """28 labels, official test, thresholds from validation: macro-F1."""
    source = data_folder("goemotions")
    if source is None:
        return []
    with tempfile.TemporaryDirectory() as scratch:
        told = ["--text", "column 1", "--label", "column 2", "--task", "multilabel"]
        files = ["--validation-file", str(source / "dev.tsv"), "--test-file", str(source / "test.tsv")]
        run = train_with(source / "train.tsv", [*told, *files], Path(scratch) / "w")
        task, validation, test = run.task, run.split("validation"), run.split("test")
        chosen = thresholds.choose_for_f1(task, task.encode(validation["label"].tolist()), run.logits("validation"))
        found = compute.compute_metrics(
            task, task.encode(test["label"].tolist()), run.logits("test"), chosen.thresholds
        )
        macro = next(measure for measure in found if measure.name == "f1_macro")
        result = run.result()
        assert result is not None
        how = f"interval {macro.low:.3f} to {macro.high:.3f}; {result.seconds:.0f} s, {result.peak_memory_mb:.0f} MB"
    return [Figure("goemotions_f1", macro.value, 0.46, macro.value / 0.46, "macro-F1", [], how)]


def clear_r2() -> list[Figure]:
    """Reading ease of passages: R2 on test against TF-IDF with ridge regression, paired."""
    source = data_folder("clear_readability")
    if source is None:
        return []
    with tempfile.TemporaryDirectory() as scratch:
        told = ["--text", "text", "--label", "score", "--task", "regression"]
        run = train_with(source / "sample.csv", told, Path(scratch) / "w")
        targets = run.task.encode(run.split("test")["label"].tolist())
        ours, theirs = (run.logits("test", source)[:, 0] for source in ("model", "tfidf"))
        scores = [_r2(targets, predicted) for predicted in (ours, theirs)]
        low, high = _paired_r2(targets, ours, theirs)
        result = run.result()
        assert result is not None
        how = f"gain in R2 {low:+.3f} to {high:+.3f}; {result.seconds:.0f} s, {result.peak_memory_mb:.0f} MB"
    return [Figure("clear_r2", scores[0], scores[1], scores[0] / scores[1], "R2", [], how)]


def _r2(targets: np.ndarray, predicted: np.ndarray) -> float:
    return float(1 - ((targets - predicted) ** 2).sum() / ((targets - targets.mean()) ** 2).sum())


def _paired_r2(targets: np.ndarray, ours: np.ndarray, theirs: np.ndarray) -> tuple[float, float]:
    """95 % percentile interval of the difference in R2 over resampled rows."""
    rng = np.random.default_rng(0)
    drawn = [rng.integers(0, len(targets), len(targets)) for _ in range(2_000)]
    compare_with_baselines = [_r2(targets[rows], ours[rows]) - _r2(targets[rows], theirs[rows]) for rows in drawn]
    low, high = np.percentile(compare_with_baselines, [2.5, 97.5])
    return float(low), float(high)


def _compared(tuned: Run, instant: Run) -> comparison.Comparison:
    task: Task = tuned.task
    targets = task.encode(tuned.split("test")["label"].tolist())
    return compare(
        task,
        targets,
        ModelOutputs("fine-tuned", tuned.logits("test")),
        ModelOutputs("instant", instant.logits("test")),
        "accuracy",
    )


def train_with(file: Path, told: list[str], workspace: Path) -> Run:
    """A run of the command line on a file, carried out to its end."""
    command = [sys.executable, "-m", "core", "train", str(file), *told, "--workspace", str(workspace), "--json"]
    done = subprocess.run(command, stdout=subprocess.PIPE, text=True, check=True, env=os.environ)
    return Run.open(Path(json.loads(done.stdout)["folder"]))


def _few(source: Path, target: Path, shots: int | None, seed: int) -> Path:
    """The training file, or so many rows of each class of it."""
    if shots is None:
        return source
    frame = pd.read_csv(source, keep_default_na=False)
    # Validation is taken out of these: one in eleven, so that ten a class remain to train on.
    frame.groupby("category").sample(shots + 1, random_state=seed).to_csv(target, index=False)
    return target
