"""A head fitted on features: what is linear is found, rare classes are not drowned, the strength is chosen on validation."""

import numpy as np
import pytest
from sklearn.metrics import recall_score

from core.task import Task
from core.training import head_fitting
from core.training.head_fitting import C_VALUES, fit_head, selection_loss, weights_of

TASK = Task("multiclass", ("a", "b", "c"))


@pytest.mark.parametrize("kind", ["binary", "multiclass", "multilabel", "regression"])
def test_a_head_learns_what_is_linear(kind: str) -> None:
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
    answers = task.decide(head.logits(features))
    if kind == "regression":
        assert np.corrcoef(answers, targets)[0, 1] > 0.99
    else:
        assert (answers == targets).mean() > 0.93


def test_a_class_that_never_occurs_is_never_predicted() -> None:
    features = np.random.default_rng(2).normal(size=(60, 4)).astype(np.float32)
    targets = np.where(features[:, 0] > 0, 0, 2)
    head = fit_head(TASK, (features[:40], targets[:40]), (features[40:], targets[40:]), seed=0)
    assert set(TASK.decide(head.logits(features * 3)).tolist()) == {0, 2}


def test_a_rare_class_is_not_drowned_by_a_common_one() -> None:
    random = np.random.default_rng(3)
    targets = (random.random(1_200) < 0.08).astype(int)
    features = (random.normal(size=(1_200, 6)) + targets[:, None] * 0.8).astype(np.float32)
    train, validation = (features[:300], targets[:300]), (features[300:400], targets[300:400])
    head = fit_head(Task("binary", ("common", "rare")), train, validation, seed=0)
    answers = head.logits(features[400:]).argmax(axis=1)
    # The classes are as far apart as two normal distributions 1.96 standard deviations from one another: 0.84 at best.
    recall = recall_score(targets[400:], answers, average=None)
    assert min(recall) > 0.7


def test_the_strength_is_chosen_on_validation() -> None:
    random = np.random.default_rng(4)
    features = random.normal(size=(90, 60)).astype(np.float32)
    truth = features[:, 0] > 0
    noisy = np.where(random.random(90) < 0.3, ~truth, truth).astype(int)
    task = Task("binary", ("no", "yes"))
    clean = (features[60:], truth[60:].astype(int))
    strict = fit_head(task, (features[:60], noisy[:60]), clean, seed=0)
    # Where validation repeats the training rows, noise and all, whatever learns by heart is best.
    by_heart = fit_head(task, (features[:60], noisy[:60]), (features[:60], noisy[:60]), seed=0)
    assert max(C_VALUES) == by_heart.C
    assert strict.C < by_heart.C


def test_being_too_unsure_is_no_reason_against_a_model_but_being_wrong_is() -> None:
    targets = np.asarray([0, 0, 1, 1])
    logits = np.asarray([[1.0, -1], [2, 0], [-1, 1], [1, 0]], dtype=np.float32)
    unsure = (logits / 5).astype(np.float32)
    task, even = Task("binary", ("no", "yes")), np.ones(2)
    assert selection_loss(task, targets, unsure, even) == pytest.approx(
        selection_loss(task, targets, logits, even), rel=1e-3
    )
    assert selection_loss(task, targets, logits[:, ::-1], even) > selection_loss(task, targets, logits, even)


def test_each_class_counts_the_same_when_models_are_chosen() -> None:
    task = Task("binary", ("common", "rare"))
    logits = np.asarray([[1.0, 0], [1, 0], [1, 0], [1, 0], [0, 1]], dtype=np.float32)
    targets = np.asarray([0, 0, 0, 0, 1])
    misses_the_rare, misses_a_common = logits.copy(), logits.copy()
    misses_the_rare[4], misses_a_common[0] = [1, 0], [0, 1]
    weights = weights_of(task, targets)
    assert weights is not None
    assert weights.tolist() == pytest.approx([5 / 8, 5 / 2])
    assert selection_loss(task, targets, misses_the_rare, weights) > selection_loss(
        task, targets, misses_a_common, weights
    )


def test_a_validation_row_of_a_class_that_training_lacks_decides_nothing() -> None:
    random = np.random.default_rng(5)
    targets = random.integers(0, 2, 360)
    features = (random.normal(size=(360, 20)) + targets[:, None] * 0.5).astype(np.float32)
    train = (features[:300], targets[:300])
    without = fit_head(TASK, train, (features[300:], targets[300:]), seed=0)
    surprised = targets[300:].copy()
    surprised[0] = 2
    assert fit_head(TASK, train, (features[300:], surprised), seed=0).C == without.C
    only_surprises = fit_head(TASK, train, (features[300:], np.full(60, 2)), seed=0)
    assert np.isfinite(only_surprises.weight).all()


def test_the_rows_that_strengths_are_compared_on_hold_every_class(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(head_fitting, "_COMPARED_ROWS", 10)
    targets = np.asarray([0] * 500 + [1] * 500 + [2])
    features = np.arange(1_001, dtype=np.float32)[:, None]
    some_features, some_targets = head_fitting._some_of(TASK, (features, targets), 0)
    assert set(some_targets) == {0, 1, 2}
    assert len(some_features) == 10
    assert (targets[some_features[:, 0].astype(int)] == some_targets).all()


def test_a_score_is_chosen_by_its_squared_error() -> None:
    targets, scores = np.asarray([1.0, 3.0], dtype=np.float32), np.asarray([[2.0], [5.0]], dtype=np.float32)
    assert selection_loss(Task("regression", ()), targets, scores, None) == pytest.approx((1 + 4) / 2)
