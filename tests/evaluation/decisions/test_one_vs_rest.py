"""Each label against the rest, checked by hand."""

import numpy as np
import pytest

from core.evaluation.decisions.one_vs_rest import label_indicators, ranked_labels
from tests.evaluation.cases import BINARY, MULTILABEL, SIX_CLASSES


def test_indicators_by_hand() -> None:
    assert label_indicators(BINARY, np.asarray([1, 0])).tolist() == [[False, True], [True, False]]
    assert label_indicators(MULTILABEL, np.asarray([[1, 0], [1, 1]])).tolist() == [[True, False], [True, True]]


def test_a_binary_task_has_a_curve_for_its_second_class_only() -> None:
    logits = np.log(np.asarray([[1.0, 3.0]], dtype=np.float32))
    labels, positive, scores = ranked_labels(BINARY, np.asarray([1]), logits)
    assert (labels, positive.tolist()) == (("yes",), [[True]])
    assert scores == pytest.approx(np.asarray([[0.75]]))


def test_other_tasks_have_a_curve_for_every_label() -> None:
    logits = np.log(np.asarray([[1.0, 3.0]], dtype=np.float32))
    labels, positive, scores = ranked_labels(MULTILABEL, np.asarray([[1, 0]]), logits)
    assert (labels, positive.tolist()) == (("p", "q"), [[True, False]])
    assert scores == pytest.approx(np.asarray([[0.5, 0.75]]))
    scores = ranked_labels(SIX_CLASSES, np.asarray([0]), np.zeros((1, 6), dtype=np.float32))[2]
    assert scores == pytest.approx(np.full((1, 6), 1 / 6))
