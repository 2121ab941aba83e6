"""Head fitting: linear targets are learned, rare classes count, and the regularization is chosen on validation."""

import numpy as np
import pytest
from sklearn.metrics import recall_score

from core.evaluation.decisions.predictions import make_predictions
from core.evaluation.decisions.selection import selection_loss
from core.task import Task
from core.training.head_fitting import C_VALUES, fit_head, sample_rows, training_class_weights

TASK = Task("multiclass", ("a", "b", "c"))


@pytest.mark.parametrize("kind", ["binary", "multiclass", "multilabel", "regression"])
def test_a_head_learns_linear_targets(kind: str) -> None:
    random = np.random.default_rng(1)
    features = random.normal(size=(200, 8)).astype(np.float32)
    truth = features @ random.normal(size=(8, 3))
    task, targets = {
        "binary": (Task("binary", ("a", "b")), (truth[:, 0] > 0).astype(int)),
        "multiclass": (TASK, truth.argmax(1)),
        "multilabel": (Task("multilabel", ("p", "q", "r")), (truth > 0).astype(np.float32)),
        "regression": (Task("regression", ()), truth[:, 0].astype(np.float32)),
    }[kind]
    head = fit_head(task, (features[:150], targets[:150]), (features[150:], targets[150:]), seed=0)
    predicted = make_predictions(task, head.logits(features)).predicted
    if kind == "regression":
        assert np.corrcoef(predicted, targets)[0, 1] > 0.99
    else:
        assert (predicted == targets).mean() > 0.93


def test_a_class_without_rows_is_never_predicted() -> None:
    features = np.random.default_rng(2).normal(size=(60, 4)).astype(np.float32)
    targets = np.where(features[:, 0] > 0, 0, 2)
    head = fit_head(TASK, (features[:40], targets[:40]), (features[40:], targets[40:]), seed=0)
    assert set(make_predictions(TASK, head.logits(features * 3)).predicted.tolist()) == {0, 2}


def test_a_rare_class_counts_as_much_as_a_common_one() -> None:
    random = np.random.default_rng(3)
    targets = (random.random(1_200) < 0.08).astype(int)
    features = (random.normal(size=(1_200, 6)) + targets[:, None] * 0.8).astype(np.float32)
    train, validation = (features[:300], targets[:300]), (features[300:400], targets[300:400])
    head = fit_head(Task("binary", ("common", "rare")), train, validation, seed=0)
    predicted = head.logits(features[400:]).argmax(axis=1)
    # The classes are 1.96 standard deviations apart: the best possible recall of both is 0.84.
    recall = recall_score(targets[400:], predicted, average=None)
    assert min(recall) > 0.7


def test_the_regularization_is_chosen_on_validation() -> None:
    random = np.random.default_rng(4)
    features = random.normal(size=(90, 60)).astype(np.float32)
    truth = features[:, 0] > 0
    noisy = np.where(random.random(90) < 0.3, ~truth, truth).astype(int)
    task = Task("binary", ("no", "yes"))
    clean = (features[60:], truth[60:].astype(int))
    strict = fit_head(task, (features[:60], noisy[:60]), clean, seed=0)
    # If validation repeats the noisy training rows, the weakest regularization is best.
    overfitted = fit_head(task, (features[:60], noisy[:60]), (features[:60], noisy[:60]), seed=0)
    assert max(C_VALUES) == overfitted.C
    assert strict.C < overfitted.C


def test_underconfidence_does_not_raise_the_selection_loss_but_errors_do() -> None:
    targets = np.asarray([0, 0, 1, 1])
    logits = np.asarray([[1.0, -1], [2, 0], [-1, 1], [1, 0]], dtype=np.float32)
    underconfident = (logits / 5).astype(np.float32)
    task, even = Task("binary", ("no", "yes")), np.ones(2)
    assert selection_loss(task, targets, underconfident, even) == pytest.approx(
        selection_loss(task, targets, logits, even), rel=1e-3
    )
    assert selection_loss(task, targets, logits[:, ::-1], even) > selection_loss(task, targets, logits, even)


def test_each_class_has_the_same_weight_in_the_selection_loss() -> None:
    task = Task("binary", ("common", "rare"))
    logits = np.asarray([[1.0, 0], [1, 0], [1, 0], [1, 0], [0, 1]], dtype=np.float32)
    targets = np.asarray([0, 0, 0, 0, 1])
    misses_the_rare, misses_a_common = logits.copy(), logits.copy()
    misses_the_rare[4], misses_a_common[0] = [1, 0], [0, 1]
    weights = training_class_weights(task, targets)
    assert weights is not None
    assert weights.tolist() == pytest.approx([5 / 8, 5 / 2])
    assert selection_loss(task, targets, misses_the_rare, weights) > selection_loss(
        task, targets, misses_a_common, weights
    )


def test_a_validation_row_of_a_class_without_training_rows_does_not_count() -> None:
    random = np.random.default_rng(5)
    targets = random.integers(0, 2, 360)
    features = (random.normal(size=(360, 20)) + targets[:, None] * 0.5).astype(np.float32)
    train = (features[:300], targets[:300])
    without = fit_head(TASK, train, (features[300:], targets[300:]), seed=0)
    unknown = targets[300:].copy()
    unknown[0] = 2
    assert fit_head(TASK, train, (features[300:], unknown), seed=0).C == without.C
    only_unknown = fit_head(TASK, train, (features[300:], np.full(60, 2)), seed=0)
    assert np.isfinite(only_unknown.weight).all()


def test_a_sample_of_rows_has_every_class() -> None:
    targets = np.asarray([0] * 500 + [1] * 500 + [2])
    features = np.arange(1_001, dtype=np.float32)[:, None]
    sampled_features, sampled_targets = sample_rows(TASK, (features, targets), 10, 0)
    assert set(sampled_targets) == {0, 1, 2}
    assert len(sampled_features) == 10
    assert (targets[sampled_features[:, 0].astype(int)] == sampled_targets).all()


def test_the_selection_loss_of_regression_is_the_squared_error() -> None:
    targets, scores = np.asarray([1.0, 3.0], dtype=np.float32), np.asarray([[2.0], [5.0]], dtype=np.float32)
    assert selection_loss(Task("regression", ()), targets, scores, None) == pytest.approx((1 + 4) / 2)
