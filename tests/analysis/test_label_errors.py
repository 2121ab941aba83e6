"""Wrong labels in clear data are ranked first."""

import numpy as np

from core.analysis.label_errors import FOLDS, Folds, find_label_issues_classification, find_label_issues_regression


def test_changed_labels_are_ranked_first() -> None:
    rng = np.random.default_rng(0)
    targets = np.repeat([0, 1, 2], 60)
    features = (np.eye(3)[targets] * 4 + rng.normal(size=(180, 3))).astype(np.float32)
    changed = rng.choice(180, 9, replace=False)
    labels = targets.copy()
    labels[changed] = (labels[changed] + 1) % 3
    folds: list[int] = []
    issues = find_label_issues_classification(features, labels, 3, Folds(np.arange(180), 0, folds.append))
    assert folds == list(range(1, FOLDS + 1))
    assert len(set(np.argsort(-issues.score, kind="stable")[:18]) & set(changed)) >= 8
    assert (issues.predicted[changed] == targets[changed]).mean() > 0.8
    unchanged = np.setdiff1d(np.arange(180), changed)
    assert issues.suspected[changed].mean() > 5 * issues.suspected[unchanged].mean()
    assert issues.suspected.mean() < 0.12


def test_a_class_may_have_only_one_row() -> None:
    rng = np.random.default_rng(0)
    targets = np.asarray([0] * 20 + [1] * 20 + [2])
    features = rng.normal(size=(41, 4)).astype(np.float32)
    issues = find_label_issues_classification(features, targets, 3, Folds(np.arange(41), 0, lambda fold: None))
    assert issues.score.shape == (41,)
    assert issues.predicted[40] != 2


def test_an_outlying_score_is_ranked_first() -> None:
    rng = np.random.default_rng(0)
    features = rng.normal(size=(100, 3)).astype(np.float32)
    scores = (features @ np.asarray([1.0, 2.0, -1.0])).astype(np.float32)
    scores[40] += 50
    issues = find_label_issues_regression(features, scores, Folds(np.arange(100), 0, lambda fold: None))
    assert np.argsort(-issues.score, kind="stable")[0] == 40
    assert issues.suspected[40]


def test_a_wrong_text_that_occurs_four_times_is_found() -> None:
    rng = np.random.default_rng(0)
    targets = np.repeat([0, 1], 100)
    # Many features, so that a model could learn each text by heart.
    features = (np.eye(2)[targets] @ rng.normal(size=(2, 100)) * 0.4 + rng.normal(size=(200, 100))).astype(np.float32)
    wrong = rng.choice(200, 8, replace=False)
    copies = np.r_[np.arange(200), np.repeat(wrong, 3)]
    labels = targets[copies]
    labels[np.isin(copies, wrong)] = 1 - labels[np.isin(copies, wrong)]
    recalls = []
    for units in (copies, np.arange(len(copies))):
        issues = find_label_issues_classification(features[copies] * 5, labels, 2, Folds(units, 0, lambda fold: None))
        recalls.append(issues.suspected[np.isin(copies, wrong)].mean())
    assert recalls[0] >= 0.6
    assert recalls[1] < recalls[0] / 2
