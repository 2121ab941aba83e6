"""Step 7: the figures by hand are those of scikit-learn, and the simulations behave as the page says."""

import numpy as np
import pytest
from sklearn import metrics as sk

from core.lessons.evaluation import BinaryCounts, interval_by_rows, reliability, simulate_confidence


def test_metrics_by_hand() -> None:
    counts = BinaryCounts(tp=12, fn=8, fp=5, tn=175)
    y_true = [1] * 20 + [0] * 180
    y_pred = [1] * 12 + [0] * 8 + [1] * 5 + [0] * 175
    expected = [
        score(y_true, y_pred) for score in (sk.accuracy_score, sk.precision_score, sk.recall_score, sk.f1_score)
    ]
    worked = counts.worked_metrics()
    assert worked["value"].tolist() == pytest.approx(expected)
    assert worked["calculation"].iloc[0] == "(12 + 175) / 200"
    assert counts.cells("yes", "no")["share"].tolist() == pytest.approx([0.6, 0.4, 5 / 180, 175 / 180])


def test_a_metric_without_cases_is_undefined() -> None:
    worked = BinaryCounts(0, 0, 0, 0).worked_metrics()
    assert worked["value"].isna().all()


def test_an_overconfident_model_says_more_than_is_right() -> None:
    calibrated, correct = simulate_confidence(1.0, 20_000)
    assert calibrated.mean() == pytest.approx(correct.mean(), abs=0.01)
    assert simulate_confidence(2.0, 20_000)[0].mean() > correct.mean() + 0.05
    assert simulate_confidence(0.5, 20_000)[0].mean() < correct.mean() - 0.05
    bins = reliability(calibrated, correct, "calibrated")
    assert set(bins["version"]) == {"calibrated"}
    assert np.abs(bins["confidence"] - bins["share"]).max() < 0.04


def test_an_interval_is_half_as_wide_with_four_times_the_rows() -> None:
    table = interval_by_rows(0.85).set_index("rows")
    width = table["high"] - table["low"]
    assert width.is_monotonic_decreasing
    assert width[500] / width[2_000] == pytest.approx(2, rel=0.05)
    assert (table["low"] < 0.85).all()
    assert (table["high"] > 0.85).all()
