"""Points of the curves, and where a threshold stands on them."""

import numpy as np
import pytest
from sklearn import metrics as sk

from core.evaluation.diagnostics.curves import operating_points, precision_recall, roc
from core.task import Task

TWO = Task("binary", ("no", "yes"))
THREE = Task("multiclass", ("a", "b", "c"))
LABELS = Task("multilabel", ("p", "q"))


def test_a_curve_keeps_its_area_when_thinned() -> None:
    rng = np.random.default_rng(0)
    targets = rng.integers(0, 2, 5_000)
    logits = np.stack([np.zeros(5_000), targets + rng.normal(size=5_000)], axis=1).astype(np.float32)
    points = roc(TWO, targets, logits)
    assert len(points) <= 200
    assert set(points["label"]) == {"yes"}
    area = np.trapezoid(points["true_positive_rate"], points["false_positive_rate"])
    assert area == pytest.approx(sk.roc_auc_score(targets, logits[:, 1]), abs=0.002)
    assert len(precision_recall(TWO, targets, logits)) <= 200


def test_by_hand() -> None:
    logits = np.asarray([[2, 0, 0], [0, 2, 0], [2, 0, 0]], dtype=np.float32)
    targets = np.asarray([0, 1, 1])
    points = operating_points(THREE, targets, logits).set_index("label")
    # a is given twice, once rightly; b once, rightly, of two.
    assert list(points.loc["a", ["false_positive_rate", "recall", "precision"]]) == [0.5, 1, 0.5]
    assert list(points.loc["b", ["false_positive_rate", "recall", "precision"]]) == [0, 0.5, 1]
    assert points.loc["c", ["recall", "precision"]].isna().all()
    assert set(roc(THREE, targets, logits)["label"]) == {"a", "b"}
    assert set(precision_recall(THREE, targets, logits)["label"]) == {"a", "b"}


def test_the_working_point_lies_on_the_curve_and_follows_the_threshold() -> None:
    rng = np.random.default_rng(0)
    targets = (rng.random((100, 2)) < 0.5).astype(np.float32)
    logits = (targets + rng.normal(size=targets.shape)).astype(np.float32)
    low, high = (operating_points(LABELS, targets, logits, np.full(2, limit)) for limit in (0.2, 0.9))
    assert (low["recall"] > high["recall"]).all()
    curve = precision_recall(LABELS, targets, logits).query("label == 'p'")
    point = high.iloc[0]
    assert np.hypot(curve["recall"] - point["recall"], curve["precision"] - point["precision"]).min() < 1e-9


def test_one_sided_labels_have_no_curve() -> None:
    logits = np.zeros((2, 2), dtype=np.float32)
    assert roc(TWO, np.asarray([0, 0]), logits).empty
    assert precision_recall(TWO, np.asarray([0, 0]), logits).empty
    assert roc(TWO, np.asarray([1, 1]), logits).columns.tolist() == [
        "label",
        "threshold",
        "false_positive_rate",
        "true_positive_rate",
    ]
