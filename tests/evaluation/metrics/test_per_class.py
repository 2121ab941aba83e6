"""Precision, recall and F1 of each class, checked by hand."""

import numpy as np
import pytest

from core.evaluation.metrics.per_class import per_class
from tests.evaluation.cases import SIX_CLASSES, logits_for


def test_each_class_by_hand() -> None:
    # a: 2 of 3 are correct; b: its only row is, and one a is predicted as b; c to f: neither occur nor are predicted.
    table = per_class(SIX_CLASSES, np.asarray([0, 0, 0, 1]), logits_for([0, 0, 1, 1], 6)).set_index("label")
    assert list(table.loc["a", ["rows", "precision", "recall", "f1"]]) == pytest.approx([3, 1, 2 / 3, 0.8])
    assert table.loc["b", "precision"] == 0.5
    assert table.loc["c", ["precision", "recall", "f1", "f1_low", "average_precision"]].isna().all()
    assert table.loc["c", "note"] == "No rows of this class. It is never predicted either."
    assert (table["f1_low"] <= table["f1"])[:2].all()
    assert (table["f1_high"] >= table["f1"])[:2].all()
