"""Two models with decisions tuned alike: class weights do not make a better model, knowledge does."""

import numpy as np
import pytest

from core.evaluation.decisions.bias_correction import fit_bias_correction
from core.evaluation.decisions.calibration import negative_log_likelihood
from core.evaluation.decisions.predictions import make_predictions
from core.evaluation.decisions.tuning import cross_tuned, tune_decisions
from core.evaluation.metrics.summary import summarize
from core.evaluation.tuned_comparison import SplitOutputs, TunedComparison, compare_tuned
from core.task import Floats, Task
from tests.evaluation.cases import BINARY, MULTILABEL, REGRESSION, THREE_CLASSES
from tests.evaluation.test_comparison import comparison

RARE = 0.1


def rare_class(rows: int, separation: float, seed: int) -> tuple[np.ndarray, Floats]:
    """Targets of which a tenth have the second class, and the logits of the true posterior of two Gaussians."""
    rng = np.random.default_rng(seed)
    y_true = (rng.random(rows) < RARE).astype(int)
    x = rng.normal(0, 1, rows) + separation * y_true
    log_odds = separation * x - separation**2 / 2 + np.log(RARE / (1 - RARE))
    return y_true, np.stack([-log_odds / 2, log_odds / 2], axis=1).astype(np.float32)


def shifted(logits: Floats, bias: float, factor: float = 1.0) -> Floats:
    """The logits with a bias of the second class, as class weights give it, and a factor."""
    return np.asarray(factor * logits + [0, bias], dtype=np.float32)


def outputs(name: str, logits: Floats, validation_rows: int) -> SplitOutputs:
    """A model with the first rows as validation rows."""
    return SplitOutputs(name, logits[:validation_rows], logits[validation_rows:])


@pytest.mark.parametrize("split", ["test", "validation"])
def test_class_weights_and_sharpness_do_not_help(split: str) -> None:
    y_true, logits = rare_class(900, 2.0, 0)
    weighted = shifted(logits, 6.0, 2.0)
    assert summarize(BINARY, y_true, logits)["f1_macro"] > summarize(BINARY, y_true, weighted)["f1_macro"] + 0.05
    models = [outputs("plain", logits, 300), outputs("weighted", weighted, 300)]
    targets = y_true[:300], y_true[300:]
    if split == "validation":
        models = [SplitOutputs(model.name, model.validation, model.validation) for model in models]
        targets = y_true[:300], y_true[:300]
    result = compare_tuned(BINARY, targets, models[0], models[1], split)
    assert result.helped is None
    assert result.threshold_free is not None
    assert result.threshold_free.better is None
    assert abs(result.main.difference) < 0.01


def test_a_better_ranking_helps() -> None:
    y_true, good = rare_class(1_500, 3.0, 1)
    noise = np.random.default_rng(2).normal(0, 3, len(good))
    bad = np.asarray(good + noise[:, None] * [0, 1], dtype=np.float32)
    targets = y_true[:500], y_true[500:]
    result = compare_tuned(BINARY, targets, outputs("This model", good, 500), outputs("TF-IDF", bad, 500))
    assert result.helped is True
    assert result.describe().startswith("Fine-tuning helped: F1 (macro) is ")
    assert compare_tuned(BINARY, targets, outputs("", bad, 500), outputs("", good, 500)).helped is False


def test_metrics_that_disagree_are_said() -> None:
    better = comparison("f1_macro", 0.84, 0.80, 0.01, 0.07)
    worse_loss, better_loss = (comparison("log_loss", 0.5 + gap, 0.5, gap - 0.05, gap + 0.05) for gap in (0.1, -0.1))
    assert TunedComparison(better, worse_loss).helped is None
    assert TunedComparison(better, worse_loss).describe() == (
        "The metrics do not agree on whether fine-tuning helped: F1 (macro) is 4.0 points higher than TF-IDF (95% interval "
        "+1.0 to +7.0); Log loss is 0.1 higher than TF-IDF (95% interval +0.05 to +0.15), which does not confirm it."
    )
    assert TunedComparison(better, better_loss).helped is True
    assert TunedComparison(better, better_loss).describe().startswith("Fine-tuning helped: ")
    unknown = TunedComparison(comparison("f1_macro", 0.80, 0.80, -0.03, 0.03), better_loss)
    assert unknown.helped is None
    assert unknown.describe().endswith("are better: Log loss is 0.1 lower than TF-IDF (95% interval -0.15 to -0.05).")


def test_numbers_are_compared_as_they_are() -> None:
    y_true = np.random.default_rng(0).normal(size=200)
    near, far = ((y_true + error)[:, None].astype(np.float32) for error in (0.1, 1.0))
    result = compare_tuned(REGRESSION, (y_true[:50], y_true[50:]), outputs("", near, 50), outputs("", far, 50))
    assert result.helped is True
    assert result.threshold_free is None


@pytest.mark.parametrize("task", [BINARY, THREE_CLASSES, MULTILABEL])
def test_the_bias_correction_undoes_a_shift_and_a_factor(task: Task) -> None:
    rng = np.random.default_rng(3)
    logits = rng.normal(0, 2, (3_000, task.outputs)).astype(np.float32)
    probabilities = make_predictions(task, logits).probabilities
    if task.kind == "multilabel":
        y_true: np.ndarray = (rng.random(probabilities.shape) < probabilities).astype(np.float32)
    else:
        y_true = (rng.random((len(logits), 1)) > probabilities.cumsum(axis=1)[:, :-1]).sum(axis=1)
    wrong = np.asarray(2 * logits + np.arange(task.outputs), dtype=np.float32)
    corrections = [fit_bias_correction(task, y_true, given) for given in (logits, wrong)]
    assert corrections[1].temperature == pytest.approx(2.0, rel=0.1)
    calibrated = [correction.apply(given) for correction, given in zip(corrections, (logits, wrong), strict=True)]
    losses = [negative_log_likelihood(task, y_true, values) for values in calibrated]
    assert losses[0] == pytest.approx(losses[1], abs=1e-4)
    assert losses[1] < negative_log_likelihood(task, y_true, wrong) - 0.05


def test_few_rows_without_a_mistake_do_not_make_predictions_certain() -> None:
    correction = fit_bias_correction(BINARY, np.asarray([0, 1] * 5), np.asarray([[1, 0], [0, 1]] * 5, dtype=np.float32))
    probability = make_predictions(
        BINARY, correction.apply(np.asarray([[1, 0]], dtype=np.float32)).astype(np.float32)
    ).probabilities[0, 0]
    assert 0.9 < probability < 0.97
    none = fit_bias_correction(BINARY, np.asarray([], dtype=int), np.zeros((0, 2), dtype=np.float32))
    assert none.apply(np.asarray([[1, 0]], dtype=np.float32)).tolist() == [[1, 0]]
    with pytest.raises(ValueError, match="no probability"):
        fit_bias_correction(REGRESSION, np.zeros(1), np.zeros((1, 1), dtype=np.float32))


@pytest.mark.parametrize("task", [BINARY, THREE_CLASSES, MULTILABEL])
def test_tuned_decisions_find_rare_classes(task: Task) -> None:
    rng = np.random.default_rng(4)
    rows = 2_000
    if task.kind == "multilabel":
        y_true: np.ndarray = (rng.random((rows, 2)) < [0.1, 0.05]).astype(np.float32)
        logits = (3 * y_true - 4 + rng.normal(0, 1.5, y_true.shape)).astype(np.float32)
        metric = "f1_micro"
    else:
        shares = [0.9, 0.1] if task.outputs == 2 else [0.8, 0.15, 0.05]
        y_true = rng.choice(task.outputs, rows, p=shares)
        logits = (
            2 * np.eye(task.outputs)[y_true] + np.log(shares) * 1.5 + rng.normal(0, 1, (rows, task.outputs))
        ).astype(np.float32)
        metric = "f1_macro"
    tuned = tune_decisions(task, y_true[:800], logits[:800])
    new = y_true[800:], logits[800:]
    before = summarize(task, *new)[metric]
    assert summarize(task, new[0], tuned.decided(new[1]))[metric] > before + 0.02
    calibrated, decided = cross_tuned(task, y_true[:800], logits[:800])
    assert calibrated.shape == decided.shape == (800, task.outputs)
    assert summarize(task, y_true[:800], decided)[metric] > summarize(task, y_true[:800], logits[:800])[metric]
