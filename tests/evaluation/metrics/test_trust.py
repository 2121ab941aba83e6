"""Notes on intervals that are not to be trusted."""

import numpy as np
import pytest

from core.evaluation.metrics.compute import compute_metrics
from core.evaluation.metrics.estimate import NOT_TRUSTED
from core.evaluation.metrics.trust import note_on_few_mistakes, note_on_large_errors
from core.task import Task


def test_log_loss_needs_ten_mistakes_in_as_many_units() -> None:
    correct = np.arange(400) >= 10
    assert note_on_few_mistakes(correct, None) == ""
    assert note_on_few_mistakes(np.arange(400) >= 9, None).startswith(NOT_TRUSTED)
    assert note_on_few_mistakes(correct, np.arange(400) // 5).startswith(NOT_TRUSTED)


@pytest.mark.parametrize(("mistakes", "is_trusted"), [(3, False), (30, True)])
def test_the_log_loss_of_a_model_with_few_mistakes_is_not_trusted(mistakes: int, is_trusted: bool) -> None:
    y_true = np.arange(200) % 2
    predicted = np.where(np.arange(200) < mistakes, 1 - y_true, y_true)
    logits = (3 * np.eye(2)[predicted]).astype(np.float32)
    estimates = {e.name: e for e in compute_metrics(Task("binary", ("no", "yes")), y_true, logits)}
    assert estimates["log_loss"].is_trusted is is_trusted
    assert estimates["accuracy"].is_trusted


def test_heavy_tails_and_small_samples_of_errors_are_pointed_out() -> None:
    rng = np.random.default_rng(3)
    assert note_on_large_errors(rng.normal(0, 5, 1_000)) == ""
    assert note_on_large_errors(np.full(200, 2.0)) == ""
    assert note_on_large_errors(np.zeros(200)) == ""
    assert "a few large errors decide" in note_on_large_errors(rng.standard_t(2.5, 1_000))
    assert "fewer than 100 rows" in note_on_large_errors(rng.normal(0, 5, 99))
