"""Rows that depend on one another count once: copies of rows do not make calibration, guarantees or tables more certain."""

import numpy as np
import pandas as pd
import pytest

from core.evaluation.decisions import abstention, calibration, thresholds
from core.evaluation.diagnostics.slices import find_slices
from core.evaluation.metrics.per_class import per_class
from core.evaluation.statistics.units import one_row_of_each
from core.task import Task

COPIES = 4
BINARY = Task("binary", ("no", "yes"))


def repeated(rows: int, seed: int = 0) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Confidences, correctness and the units of rows that each occur four times."""
    rng = np.random.default_rng(seed)
    confidence = 0.5 + rng.beta(3, 0.6, rows) / 2
    correct = rng.random(rows) < confidence
    return np.repeat(confidence, COPIES), np.repeat(correct, COPIES), np.repeat(np.arange(rows), COPIES)


def test_copies_give_the_calibration_error_of_the_rows() -> None:
    confidence, correct, units = repeated(150)
    once = calibration.calibration_error(confidence[::COPIES], correct[::COPIES], bins=5)
    copied = calibration.calibration_error(confidence, correct, bins=5, units=units)
    assert copied[0] == pytest.approx(once[0], abs=0.01)
    assert copied[1].high == pytest.approx(once[1].high, abs=0.02)
    naive = calibration.calibration_error(confidence, correct, bins=5)
    assert naive[0] > copied[0]
    bars, narrow = (calibration.calibration_curve(confidence, correct, 5, u) for u in (units, None))
    assert (bars["share_high"] - bars["share_low"] > narrow["share_high"] - narrow["share_low"]).all()


def test_copies_do_not_give_a_guarantee() -> None:
    confidence, correct, units = repeated(60)
    correct = np.ones_like(correct)
    # 45 rows without a mistake are needed for 95%.
    assert abstention.choose_guaranteed_threshold(confidence, correct, 0.95, units=units).answered == 240
    few = abstention.choose_guaranteed_threshold(confidence[:120], correct[:120], 0.95, units=units[:120])
    assert few.answered == 0
    assert "120 validation rows in 30 independent groups" in few.note
    assert abstention.choose_guaranteed_threshold(confidence[:120], correct[:120], 0.95).answered == 120


def test_a_guaranteed_precision_counts_groups() -> None:
    y_true = np.repeat([0, 1], 80)
    logits = np.stack([np.zeros(160), np.linspace(-4, 4, 160)], axis=1).astype(np.float32)
    units = np.arange(160) // 4
    independent = thresholds.choose_for_precision(BINARY, y_true, logits, 0.9, 0.1).expected
    grouped = thresholds.choose_for_precision(BINARY, y_true, logits, 0.9, 0.1, units).expected
    assert independent["note"][0] == ""
    assert "Not guaranteed" in grouped["note"][0]


def test_intervals_of_a_class_widen() -> None:
    rng = np.random.default_rng(1)
    y_true = np.repeat(rng.integers(0, 2, 50), COPIES)
    logits = np.repeat(rng.normal(0, 1, (50, 2)), COPIES, axis=0).astype(np.float32)
    wide, narrow = (per_class(BINARY, y_true, logits, (), units) for units in (np.arange(200) // COPIES, None))
    for name in ("precision", "recall", "f1"):
        assert (wide[f"{name}_high"] - wide[f"{name}_low"] > narrow[f"{name}_high"] - narrow[f"{name}_low"]).all()
        assert wide[name].to_list() == narrow[name].to_list()


def test_slices_of_copies_are_not_found_by_chance() -> None:
    units = np.repeat(np.arange(60), 10)
    frame = pd.DataFrame({"text": [f"row {i}" for i in range(600)], "source": np.where(units < 20, "a", "b")})
    correct = ~np.isin(units, [0, 1, 2, 25, 30])
    assert "source = a" in find_slices(frame, correct)["slice"].to_list()
    assert find_slices(frame, correct, units=units).empty


def test_one_row_of_each_unit() -> None:
    units = np.asarray([0, 1, 1, 2, 0])
    rows = one_row_of_each(5, units)
    assert sorted(units[rows]) == [0, 1, 2]
    assert one_row_of_each(3, None).tolist() == [0, 1, 2]
