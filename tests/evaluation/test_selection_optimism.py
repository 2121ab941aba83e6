"""The optimism of the best of several candidates: as large as it is where all are equally good, none for one candidate."""

import numpy as np
import pytest

from core.evaluation.decisions.selection import selection_loss
from core.evaluation.metrics.summary import summarize
from core.evaluation.selection_optimism import search_optimism, selection_optimism
from core.task import Floats, Task
from tests.evaluation.cases import BINARY, MULTILABEL, REGRESSION


def equal_candidates(task: Task, rows: int, seed: int) -> tuple[np.ndarray, list[Floats]]:
    """Targets, and logits of ten candidates that are equally good."""
    rng = np.random.default_rng(seed)
    if task.kind == "multilabel":
        y_true: np.ndarray = (rng.random((rows, task.outputs)) < 0.3).astype(np.float32)
        signal = 2 * y_true - 1
    else:
        y_true = (rng.random(rows) < 0.3).astype(int)
        signal = np.eye(2)[y_true]
    noise = [rng.normal(0, 1.2, (rows, task.outputs)) for _ in range(10)]
    return y_true, [(1.5 * signal + each).astype(np.float32) for each in noise]


@pytest.mark.parametrize("task", [BINARY, MULTILABEL])
def test_the_optimism_is_that_of_the_best_of_equals(task: Task) -> None:
    metric = "f1_micro" if task.kind == "multilabel" else "f1_macro"
    true, estimated = [], []
    for seed in range(6):
        y_true, candidates = equal_candidates(task, 80, seed)
        scores = [summarize(task, y_true, logits)[metric] for logits in candidates]
        best = int(np.argmin([selection_loss(task, y_true, logits, None) for logits in candidates]))
        true.append(scores[best] - np.mean(scores))
        optimism = selection_optimism(task, y_true, candidates)
        assert optimism is not None
        estimated.append(optimism)
    assert np.mean(true) > 0.015
    assert np.mean(estimated) == pytest.approx(np.mean(true), abs=0.02)


def test_a_clearly_best_candidate_flatters_by_nothing() -> None:
    y_true, candidates = equal_candidates(BINARY, 80, 0)
    clear = (6 * np.eye(2)[y_true]).astype(np.float32)
    assert selection_optimism(BINARY, y_true, [clear, *candidates], np.ones(2)) == 0


def test_unknown_optimism() -> None:
    y_true, candidates = equal_candidates(BINARY, 80, 0)
    assert selection_optimism(BINARY, y_true, candidates[:1]) is None
    assert selection_optimism(BINARY, y_true[:5], [logits[:5] for logits in candidates]) is None
    assert selection_optimism(REGRESSION, np.zeros(80), [np.zeros((80, 1), dtype=np.float32)] * 2) is None


def test_the_best_of_many_trials_is_lucky_and_more_so_on_few_rows() -> None:
    scores = [0.6, 0.7, 0.72, 0.68, 0.66, 0.75, 0.64, 0.7]
    few, many = (search_optimism(scores, rows) for rows in (50, 400))
    assert few is not None
    assert many is not None
    assert 0.02 < many < few <= max(scores) - sum(scores) / len(scores) + 1e-9
    assert search_optimism([0.75, 0.75, 0.75, 0.75], 100) == 0
    for unknown in (search_optimism([0.7], 100), search_optimism(scores, 9), search_optimism([-0.4, -0.2], 100)):
        assert unknown is None
