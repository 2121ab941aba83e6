"""Each label against the others, checked by hand."""

import numpy as np
import pytest

from core.evaluation.metrics.one_vs_rest import label_indicators, label_probabilities, with_curves
from tests.evaluation.metrics.test_compute import LABELS, SIX, TWO


def test_a_class_is_carried_by_its_rows() -> None:
    assert label_indicators(TWO, np.asarray([1, 0])).tolist() == [[False, True], [True, False]]
    assert label_indicators(LABELS, np.asarray([[1, 0], [1, 1]])).tolist() == [[True, False], [True, True]]


def test_probabilities_by_hand() -> None:
    logits = np.log(np.asarray([[1.0, 3.0]], dtype=np.float32))
    assert label_probabilities(TWO, logits) == pytest.approx(np.asarray([[0.25, 0.75]]))
    assert label_probabilities(LABELS, logits) == pytest.approx(np.asarray([[0.5, 0.75]]))
    assert label_probabilities(SIX, np.zeros((1, 6), dtype=np.float32)) == pytest.approx(np.full((1, 6), 1 / 6))


def test_of_two_classes_the_second_alone_has_a_curve() -> None:
    logits = np.zeros((2, 2), dtype=np.float32)
    labels, wanted, scores = with_curves(TWO, np.asarray([0, 1]), logits)
    assert (labels, wanted.tolist(), scores.tolist()) == (("yes",), [[False], [True]], [[0.5], [0.5]])
    assert with_curves(LABELS, np.eye(2), logits)[0] == ("p", "q")
