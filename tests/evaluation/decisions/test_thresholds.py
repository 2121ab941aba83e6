"""Thresholds: the best of all by trying each, and the default where there is nothing to choose by."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.special import expit, logit
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


def posterior_logits(y_true: np.ndarray, separation: float, prevalence: float, rng: np.random.Generator) -> Floats:
    """Logits of the true posterior of two Gaussians."""
    x = rng.normal(0, 1, len(y_true)) + separation * y_true
    return binary_logits(list(expit(separation * x - separation**2 / 2 + logit(prevalence))))


@settings(max_examples=30, deadline=None)
@given(ROWS)
def test_thresholds_lie_between_probabilities_and_expectations_are_rates(rows: list[tuple[bool, int]]) -> None:
    y_true, probabilities = np.asarray([int(target) for target, _ in rows]), [tenths / 10 for _, tenths in rows]
    choice = choose_for_f1(BINARY, y_true, binary_logits(probabilities))
    expected = choice.expected.iloc[0]
    if not 0 < y_true.sum() < len(y_true):
        assert choice.thresholds == (0.5,)
        assert "stays at 0.5" in expected["note"]
        return
    assert 0 < choice.thresholds[0] < 1
    assert expected["rows"] == y_true.sum()
    assert 0 <= expected["f1"] <= 1
    assert min(expected["precision"], expected["recall"]) - 1e-9 <= expected["f1"]


@pytest.mark.slow
def test_the_shown_f1_of_a_rare_label_is_what_new_rows_give() -> None:
    shown, got = [], []
    for seed in range(30):
        rng = np.random.default_rng(seed)
        y_true = (rng.random(3_000) < 0.05).astype(int)
        logits = posterior_logits(y_true, 2.5, 0.05, rng)
        choice = choose_for_f1(BINARY, y_true[:150], logits[:150])
        shown.append(choice.expected["f1"][0])
        y_pred = make_predictions(BINARY, logits[150:], choice.thresholds).predicted
        got.append(sk.f1_score(y_true[150:], y_pred))
    assert np.mean(shown) <= np.mean(got) + 0.02
    assert np.mean(got) > 0.55


@pytest.mark.slow
def test_about_a_precision_and_a_guaranteed_one() -> None:
    about: list[float] = []
    guaranteed: list[float] = []
    for seed in range(20):
        rng = np.random.default_rng(seed)
        y_true = (rng.random(4_000) < 0.4).astype(int)
        logits = posterior_logits(y_true, 2.0, 0.4, rng)
        for risk, precisions in ((None, about), (0.1, guaranteed)):
            choice = choose_for_precision(BINARY, y_true[:400], logits[:400], 0.9, risk)
            if choice.expected["note"][0] == "":
                y_pred = make_predictions(BINARY, logits[400:], choice.thresholds).predicted
                precisions.append(sk.precision_score(y_true[400:], y_pred))
    assert np.mean(about) == pytest.approx(0.9, abs=0.025)
    assert len(guaranteed) >= 10
    assert np.mean(np.asarray(guaranteed) < 0.9) < 0.15
    assert np.mean(guaranteed) > np.mean(about)


def test_a_precision_out_of_reach() -> None:
    y_true, logits = np.asarray([0, 1, 0]), binary_logits([0.2, 0.4, 0.8])
    assert (
        choose_for_precision(BINARY, y_true, logits, 0.9)
        .expected["note"][0]
        .startswith("No threshold reaches a precision of 90%; the highest expected is ")
    )
    note = choose_for_precision(BINARY, y_true, logits, 0.9, risk=0.1).expected["note"][0]
    assert note.startswith("Not guaranteed: that takes at least 22 rows with this label and without a mistake.")


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
