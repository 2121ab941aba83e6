"""Labels that were turned around in clear data are ranked first."""

import numpy as np

from core.analysis.label_errors import FOLDS, find_label_issues_classification, find_label_issues_regression


def test_turned_labels_come_first() -> None:
    rng = np.random.default_rng(0)
    targets = np.repeat([0, 1, 2], 60)
    features = (np.eye(3)[targets] * 4 + rng.normal(size=(180, 3))).astype(np.float32)
    turned = rng.choice(180, 9, replace=False)
    wrong = targets.copy()
    wrong[turned] = (wrong[turned] + 1) % 3
    folds: list[int] = []
    doubt = find_label_issues_classification(features, wrong, 3, 0, folds.append)
    assert folds == list(range(1, FOLDS + 1))
    assert len(set(doubt.ranking()[:18]) & set(turned)) >= 8
    assert (doubt.answer[turned] == targets[turned]).mean() > 0.8
    assert doubt.suspected[turned].mean() > 5 * doubt.suspected[np.setdiff1d(np.arange(180), turned)].mean()
    assert doubt.suspected.mean() < 0.12


def test_a_class_of_one_row_does_not_stand_in_the_way() -> None:
    rng = np.random.default_rng(0)
    targets = np.asarray([0] * 20 + [1] * 20 + [2])
    doubt = find_label_issues_classification(
        rng.normal(size=(41, 4)).astype(np.float32), targets, 3, 0, lambda fold: None
    )
    assert doubt.score.shape == (41,)


def test_a_score_far_off_comes_first() -> None:
    rng = np.random.default_rng(0)
    features = rng.normal(size=(100, 3)).astype(np.float32)
    scores = (features @ np.asarray([1.0, 2.0, -1.0])).astype(np.float32)
    scores[40] += 50
    doubt = find_label_issues_regression(features, scores, 0, lambda fold: None)
    assert doubt.ranking()[0] == 40
    assert doubt.suspected[40]
