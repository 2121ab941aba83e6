"""Calibration after temperature scaling on public data, and whether "right 95 % of the time" is kept over re-splits."""

import sys
import tempfile
from pathlib import Path

import numpy as np

from core.evaluation.decisions import abstention
from core.evaluation.decisions import calibration as calibrated
from core.task import Floats, Task
from tests.benchmarks.common import Figure, data_folder
from tests.benchmarks.quality import train_with

_RESPLITS, _TARGET = 20, 0.95
_EPOCHS = "2"


def calibration() -> list[Figure]:
    """For each set: calibration error on test after scaling, against half of that before or 2 points."""
    figures = []
    for name, told in {
        "banking77": ["--text", "text", "--label", "category"],
        "medical_abstracts": ["--text", "medical_abstract", "--label", "condition_label"],
    }.items():
        source = data_folder(name)
        if source is None:
            continue
        file = source / ("train.csv" if name == "banking77" else "medical_tc_test.csv")
        with tempfile.TemporaryDirectory() as scratch:
            run = train_with(file, [*told, "--epochs", _EPOCHS, "--max-length", "128"], Path(scratch))
            logits = {split: run.logits(split) for split in ("validation", "test")}
            targets = {split: run.task.encode(run.split(split)["label"].tolist()) for split in logits}
        figures += _ece(name, run.task, targets, logits)
        figures.append(
            _kept(name, run.task, np.concatenate(list(targets.values())), np.concatenate(list(logits.values())))
        )
    return figures


def _ece(name: str, task: Task, targets: dict[str, np.ndarray], logits: dict[str, Floats]) -> list[Figure]:
    temperature = calibrated.fit_temperature(task, targets["validation"], logits["validation"])
    before, _ = calibrated.calibration_error(*calibrated.confidence_and_correct(task, targets["test"], logits["test"]))
    confidence, right = calibrated.confidence_and_correct(task, targets["test"], logits["test"], temperature)
    after, interval = calibrated.calibration_error(confidence, right)
    allowed = max(before / 2, 0.02)
    how = (
        f"{len(right)} test rows, temperature {temperature:.2f}: calibration error {before:.4f} before, {after:.4f} after "
        f"({interval.low:.4f} to {interval.high:.4f})"
    )
    print(f"{name}: {how}", file=sys.stderr)
    return [Figure(f"calibration_{name}", after, allowed, allowed / max(after, 1e-9), "calibration error", [], how)]


def _kept(name: str, task: Task, targets: np.ndarray, logits: Floats) -> Figure:
    """In how many re-splits of the stored logits the target lies inside the interval that is stated."""
    inside = refused = 0
    for seed in range(_RESPLITS):
        order = np.random.default_rng(seed).permutation(len(targets))
        chosen, metric_estimates = np.array_split(order, 2)
        temperature = calibrated.fit_temperature(task, targets[chosen], logits[chosen])
        first = calibrated.confidence_and_correct(task, targets[chosen], logits[chosen], temperature)
        choice = abstention.choose_threshold(*first, _TARGET)
        if not np.isfinite(choice.threshold):  # it says that even the surest answers are not right that often
            refused += 1
            continue
        then = calibrated.confidence_and_correct(task, targets[metric_estimates], logits[metric_estimates], temperature)
        found = abstention.apply_threshold(*then, choice.threshold, chosen_on=choice.answered)
        inside += found.low <= _TARGET <= found.high
    how = (
        f"right {_TARGET:.0%} of the time: {inside} of {_RESPLITS} re-splits of stored logits with the target in the interval, "
        f"{refused} in which it was said that it cannot be had"
    )
    print(f"{name}: {how}", file=sys.stderr)
    kept = inside + refused
    return Figure(f"right_95_{name}", kept, 18, kept / 18, "re-splits", [], how)
