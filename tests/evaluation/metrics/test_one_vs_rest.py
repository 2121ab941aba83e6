"""Each label against the others, checked by hand."""

import numpy as np
import pytest

from core.evaluation.metrics.one_vs_rest import label_indicators, label_probabilities, with_curves
from tests.evaluation.cases import BINARY, MULTILABEL, SIX_CLASSES


def test_a_class_is_carried_by_its_rows() -> None:
    assert label_indicators(BINARY, np.asarray([1, 0])).tolist() == [[False, True], [True, False]]
    assert label_indicators(MULTILABEL, np.asarray([[1, 0], [1, 1]])).tolist() == [[True, False], [True, True]]


def test_probabilities_by_hand() -> None:
    logits = np.log(np.asarray([[1.0, 3.0]], dtype=np.float32))
    assert label_probabilities(BINARY, logits) == pytest.approx(np.asarray([[0.25, 0.75]]))
    assert label_probabilities(MULTILABEL, logits) == pytest.approx(np.asarray([[0.5, 0.75]]))
    assert label_probabilities(SIX_CLASSES, np.zeros((1, 6), dtype=np.float32)) == pytest.approx(np.full((1, 6), 1 / 6))


def test_of_two_classes_the_second_alone_has_a_curve() -> None:
    logits = np.zeros((2, 2), dtype=np.float32)
    labels, wanted, scores = with_curves(BINARY, np.asarray([0, 1]), logits)
    assert (labels, wanted.tolist(), scores.tolist()) == (("yes",), [[False], [True]], [[0.5], [0.5]])
    assert with_curves(MULTILABEL, np.eye(2), logits)[0] == ("p", "q")
