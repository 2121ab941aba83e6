"""The code of Evaluate gives the metrics and the interval that the app shows."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from core.codegen.evaluate import evaluate_code, targets_and_predictions
from core.evaluation.decisions.predictions import make_predictions
from core.evaluation.metrics.compute import compute_metrics
from core.evaluation.metrics.estimate import MetricEstimate
from core.evaluation.statistics.intervals import wilson_interval
from core.formatting import csv_bytes
from core.task import Floats, Task
from tests.codegen.run_code import run_code

_SAME_AS_ACCURACY = {"precision_micro", "recall_micro", "f1_micro"}
_ROWS = 120


@dataclass(frozen=True)
class Case:
    """A task with thresholds; some rows are of the last class where it is not ``absent``."""

    task: Task
    thresholds: tuple[float, ...] = ()
    absent: bool = False


CASES = {
    "binary": Case(Task("binary", ("=no", "yes'\n"))),
    "binary with a threshold": Case(Task("binary", ("no", "yes")), (0.3,)),
    "multiclass": Case(Task("multiclass", tuple("abcdefg"))),
    "a class without rows": Case(Task("multiclass", ("a", "b", "{{ c }}")), absent=True),
    "multilabel": Case(Task("multilabel", ("@red", "sweet", "cold"))),
    "multilabel with thresholds": Case(Task("multilabel", ("red", "sweet", "cold")), (0.2, 0.5, 0.7)),
    "regression": Case(Task("regression", ())),
}


def _targets_and_logits(case: Case) -> tuple[Any, Floats]:
    rng, task = np.random.default_rng(0), case.task
    noise = rng.normal(0, 1, (_ROWS, task.outputs))
    if task.kind == "regression":
        targets = rng.normal(5, 2, _ROWS).astype(np.float32)
        return targets, (targets[:, None] + noise).astype(np.float32)
    if task.kind == "multilabel":
        targets = (rng.random((_ROWS, task.outputs)) < 0.4).astype(np.float32)
        return targets, (2 * targets - 1 + noise).astype(np.float32)
    classes = rng.integers(0, task.outputs - case.absent, _ROWS)
    return classes, (1.5 * np.eye(task.outputs)[classes] + noise).astype(np.float32)


@pytest.fixture(scope="module")
def results(tmp_path_factory: pytest.TempPathFactory) -> dict[str, tuple[list[MetricEstimate], dict[str, Any]]]:
    """The estimates of the app and what the code computes, for each case."""
    codes, folders, estimates = [], [], []
    for case in CASES.values():
        targets, logits = _targets_and_logits(case)
        estimates.append(compute_metrics(case.task, targets, logits, case.thresholds))
        folder: Path = tmp_path_factory.mktemp("evaluate")
        predictions = make_predictions(case.task, logits, case.thresholds)
        (folder / "rows.csv").write_bytes(csv_bytes(targets_and_predictions(case.task, targets, predictions)))
        codes.append(evaluate_code(case.task, case.thresholds, estimates[-1], "rows.csv"))
        folders.append(folder)
    computed = run_code(codes, folders, ["scores", "interval"])
    return dict(zip(CASES, zip(estimates, computed, strict=True), strict=True))


@pytest.mark.parametrize("name", CASES)
def test_the_metrics_are_those_of_the_app(
    name: str, results: dict[str, tuple[list[MetricEstimate], dict[str, Any]]]
) -> None:
    estimates, computed = results[name]
    same = _SAME_AS_ACCURACY if CASES[name].task.one_label else set()
    expected = {estimate.name: estimate.value for estimate in estimates if estimate.name not in same}
    assert computed["scores"] == pytest.approx(expected, abs=1e-9)


@pytest.mark.parametrize("name", CASES)
def test_the_interval_is_that_of_the_app(
    name: str, results: dict[str, tuple[list[MetricEstimate], dict[str, Any]]]
) -> None:
    estimates, computed = results[name]
    by_name = {estimate.name: estimate for estimate in estimates}
    estimate = by_name.get("accuracy") or by_name.get("subset_accuracy")
    if estimate is None:
        assert "interval" not in computed
    else:
        assert computed["interval"] == pytest.approx([estimate.low, estimate.high], abs=1e-9)


def test_an_interval_without_a_formula_is_left_out() -> None:
    task, wide, wilson = Task("binary", ("no", "yes")), (0.6, 0.95), wilson_interval(80, 100)
    codes = [evaluate_code(task, (), [MetricEstimate("accuracy", 0.8, *ends, 100)], "") for ends in (wide, wilson)]
    assert ["binomtest" in code for code in codes] == [False, True]
