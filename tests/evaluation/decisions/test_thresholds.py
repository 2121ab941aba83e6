"""Thresholds: the best of all by trying each, and the default where there is nothing to choose by."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.special import logit
from sklearn import metrics as sk

from core.errors import ConfigError
from core.evaluation.decisions.predictions import make_predictions
from core.evaluation.decisions.thresholds import choose_for_cost, choose_for_f1, choose_for_precision
from core.task import Floats
from tests.evaluation.cases import BINARY, MULTILABEL, THREE_CLASSES

ROWS = st.lists(st.tuples(st.booleans(), st.integers(1, 9)), min_size=1, max_size=25)


def binary_logits(probabilities: list[float]) -> Floats:
    """Logits that give the second class these probabilities."""
    return np.asarray([[0, logit(probability)] for probability in probabilities], dtype=np.float32)


def all_predictions(probabilities: list[float]) -> list[np.ndarray]:
    """The predictions of every threshold that makes a difference."""
    thresholds = [0, *sorted(set(probabilities))]
    return [np.asarray(probabilities) > threshold + 1e-6 for threshold in thresholds]


@settings(max_examples=30, deadline=None)
@given(ROWS)
def test_no_other_threshold_is_better(rows: list[tuple[bool, int]]) -> None:
    y_true, probabilities = np.asarray([int(target) for target, _ in rows]), [tenths / 10 for _, tenths in rows]
    logits = binary_logits(probabilities)
    choice = choose_for_f1(BINARY, y_true, logits)
    if not 0 < y_true.sum() < len(y_true):
        assert choice.thresholds == (0.5,)
        assert "stays at 0.5" in choice.expected["note"][0]
        return
    y_pred = make_predictions(BINARY, logits, choice.thresholds).predicted
    best = max(sk.f1_score(y_true, other, zero_division=0) for other in all_predictions(probabilities))
    assert sk.f1_score(y_true, y_pred, zero_division=0) == pytest.approx(best)
    assert choice.expected["f1"][0] == pytest.approx(best)
    cheapest = choose_for_cost(BINARY, y_true, logits, 1, 3).expected
    lowest = min(
        (other & (y_true == 0)).sum() + 3 * (~other & (y_true == 1)).sum() for other in all_predictions(probabilities)
    )
    assert cheapest["false_positives"][0] + 3 * cheapest["false_negatives"][0] == lowest


def test_a_required_precision() -> None:
    y_true, logits = np.asarray([0, 1, 0, 1, 1]), binary_logits([0.1, 0.3, 0.6, 0.7, 0.9])
    choice = choose_for_precision(BINARY, y_true, logits, 0.9)
    # Above 0.6 every prediction is correct, and two of three positive rows are found.
    assert 0.6 < choice.thresholds[0] < 0.7
    assert list(choice.expected.loc[0, ["precision", "recall"]]) == pytest.approx([1, 2 / 3])
    assert choice.expected["precision_low"][0] < 0.5


def test_a_precision_out_of_reach() -> None:
    choice = choose_for_precision(BINARY, np.asarray([0, 1, 0]), binary_logits([0.2, 0.4, 0.8]), 0.9)
    assert choice.expected["note"][0] == "No threshold reaches a precision of 90%; the highest is 50%."


def test_of_equally_good_thresholds_the_one_closest_to_the_default_is_chosen() -> None:
    # Any threshold between 0.2 and 0.8 is perfect.
    assert choose_for_f1(BINARY, np.asarray([0, 1]), binary_logits([0.2, 0.8])).thresholds == (0.5,)


def test_costs_move_the_threshold() -> None:
    y_true, logits = np.asarray([0, 1, 0, 1]), binary_logits([0.2, 0.3, 0.6, 0.9])
    assert choose_for_cost(BINARY, y_true, logits, 10, 1).thresholds[0] > 0.6
    assert choose_for_cost(BINARY, y_true, logits, 1, 10).thresholds[0] < 0.3


def test_each_label_has_its_own_threshold() -> None:
    y_true = np.asarray([[1, 0], [1, 0], [0, 0]])
    logits = logit(np.asarray([[0.3, 0.1], [0.4, 0.2], [0.1, 0.9]])).astype(np.float32)
    choice = choose_for_f1(MULTILABEL, y_true, logits)
    assert 0.1 < choice.thresholds[0] < 0.3
    assert choice.thresholds[1] == 0.5
    assert choice.expected["note"].tolist() == ["", "No row has this label, so the threshold stays at 0.5."]
    assert make_predictions(MULTILABEL, logits, choice.thresholds).predicted[:, 0].tolist() == [1, 1, 0]


def test_invalid_requests() -> None:
    y_true, logits = np.asarray([0, 1]), binary_logits([0.2, 0.8])
    with pytest.raises(ConfigError, match="between 0 and 1, found 2"):
        choose_for_precision(BINARY, y_true, logits, 2)
    with pytest.raises(ConfigError, match="costs of 0 or more with one above 0, found -1 and 1"):
        choose_for_cost(BINARY, y_true, logits, -1, 1)
    with pytest.raises(ConfigError, match="binary or multi-label task to choose thresholds for, found multiclass"):
        choose_for_f1(THREE_CLASSES, y_true, logits)
