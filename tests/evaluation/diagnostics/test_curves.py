"""Points of the curves, and the points of thresholds on them."""

import numpy as np
import pytest
from sklearn import metrics as sk

from core.evaluation.diagnostics.curves import operating_points, precision_recall_curve, roc_curve
from tests.evaluation.cases import BINARY, MULTILABEL, THREE_CLASSES


def test_a_thinned_curve_keeps_its_area() -> None:
    rng = np.random.default_rng(0)
    y_true = rng.integers(0, 2, 5_000)
    logits = np.stack([np.zeros(5_000), y_true + rng.normal(size=5_000)], axis=1).astype(np.float32)
    points = roc_curve(BINARY, y_true, logits)
    assert len(points) <= 200
    assert set(points["label"]) == {"yes"}
    area = np.trapezoid(points["true_positive_rate"], points["false_positive_rate"])
    assert area == pytest.approx(sk.roc_auc_score(y_true, logits[:, 1]), abs=0.002)
    assert len(precision_recall_curve(BINARY, y_true, logits)) <= 200


def test_operating_points_by_hand() -> None:
    logits = np.asarray([[2, 0, 0], [0, 2, 0], [2, 0, 0]], dtype=np.float32)
    y_true = np.asarray([0, 1, 1])
    points = operating_points(THREE_CLASSES, y_true, logits).set_index("label")
    # a is predicted twice, once correctly; b once, correctly, and has two rows.
    assert list(points.loc["a", ["false_positive_rate", "recall", "precision"]]) == [0.5, 1, 0.5]
    assert list(points.loc["b", ["false_positive_rate", "recall", "precision"]]) == [0, 0.5, 1]
    assert points.loc["c", ["recall", "precision"]].isna().all()
    assert set(roc_curve(THREE_CLASSES, y_true, logits)["label"]) == {"a", "b"}
    assert set(precision_recall_curve(THREE_CLASSES, y_true, logits)["label"]) == {"a", "b"}


def test_operating_points_lie_on_the_curve_and_follow_the_threshold() -> None:
    rng = np.random.default_rng(0)
    y_true = (rng.random((100, 2)) < 0.5).astype(np.float32)
    logits = (y_true + rng.normal(size=y_true.shape)).astype(np.float32)
    low, high = (operating_points(MULTILABEL, y_true, logits, (threshold,) * 2) for threshold in (0.2, 0.9))
    assert (low["recall"] > high["recall"]).all()
    curve = precision_recall_curve(MULTILABEL, y_true, logits).query("label == 'p'")
    point = high.iloc[0]
    assert np.hypot(curve["recall"] - point["recall"], curve["precision"] - point["precision"]).min() < 1e-9


def test_labels_without_positive_or_negative_rows_have_no_curve() -> None:
    logits = np.zeros((2, 2), dtype=np.float32)
    assert roc_curve(BINARY, np.asarray([0, 0]), logits).empty
    assert precision_recall_curve(BINARY, np.asarray([0, 0]), logits).empty
    columns = ["label", "threshold", "false_positive_rate", "true_positive_rate"]
    assert roc_curve(BINARY, np.asarray([1, 1]), logits).columns.tolist() == columns
