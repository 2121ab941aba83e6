"""Shares of classes in a pile: intervals that hold the truth, notes, and checks of the assumption."""

from dataclasses import replace

import numpy as np
import pytest

from core.evaluation.prevalence.estimate import LabeledRows, PileEstimate, ShareEstimate, estimate_pile
from core.evaluation.prevalence.pile import Moments, Pile, moments_of
from core.task import Task
from tests.evaluation.prevalence.cases import Gaussians

SAME, SHIFTED = (0.9, 0.1), (0.6, 0.4)


def _estimate(model: Gaussians, shares: tuple[float, ...], rows: int, seed: int) -> PileEstimate:
    rng = np.random.default_rng(seed)
    labeled, pile = model.draw(rng, model.labeled_shares, rows), model.draw(rng, shares, 5_000)
    return estimate_pile(model.task, labeled.labeled(), pile.pile(model.task))


@pytest.mark.parametrize(("shares", "scale"), [(SAME, 1.0), (SHIFTED, 3.0)])
def test_the_intervals_hold_the_true_share_whatever_the_mix_and_the_calibration(
    shares: tuple[float, ...], scale: float
) -> None:
    held = [
        estimate.low <= share <= estimate.high
        for seed in range(100, 140)
        for estimate, share in zip(
            _estimate(Gaussians(SAME, scale=scale), shares, 200, seed).estimates, shares, strict=True
        )
    ]
    assert np.mean(held) >= 0.9


def test_counting_predictions_misses_a_share_that_the_estimate_finds() -> None:
    _, wanted = _estimate(Gaussians(SAME), SHIFTED, 1_000, 1).estimates
    assert wanted.counted < wanted.low < 0.4 < wanted.high
    assert wanted.value == pytest.approx(0.4, abs=0.04)


def test_a_pile_with_another_mix_has_no_estimate_for_the_same_mix() -> None:
    same, shifted = (_estimate(Gaussians(SAME), shares, 1_000, 2) for shares in (SAME, SHIFTED))
    assert (same.mix_differs, shifted.mix_differs) == (False, True)
    assert shifted.estimates[1].same_mix is None
    same_mix = same.estimates[1].same_mix
    assert same_mix is not None
    value, low, high = same_mix
    assert low < value < high
    assert high - low < same.estimates[1].high - same.estimates[1].low


def test_texts_of_another_kind_are_noticed() -> None:
    model, rng = Gaussians((0.5, 0.5)), np.random.default_rng(3)
    labeled, pile = model.draw(rng, (0.5, 0.5), 1_000), model.draw(rng, (0.3, 0.7), 5_000)
    unsure = replace(pile, confidence=0.5 + 0.8 * (pile.confidence - 0.5))
    usual, foreign = (estimate_pile(model.task, labeled.labeled(), drawn.pile(model.task)) for drawn in (pile, unsure))
    assert (usual.texts_differ, foreign.texts_differ) == (False, True)
    assert usual.estimates[0].note == ""
    assert "of another kind" in foreign.estimates[0].note


@pytest.mark.parametrize("labeled", [0, 1, 4])
def test_a_class_with_few_labeled_rows_has_a_wide_interval_with_a_note(labeled: int) -> None:
    actual = np.asarray([0] * 95 + [1] * labeled)
    rows = LabeledRows(actual, actual, np.ones(len(actual)))
    common, rare = estimate_pile(Task("binary", ("no", "yes")), rows, Pile(1_000, {"no": 900, "yes": 100})).estimates
    assert rare.high >= 0.2
    assert f"only {labeled} labeled row" in rare.note
    assert common.note == ""


def test_a_class_that_the_model_cannot_tell_has_no_narrow_interval() -> None:
    actual = np.asarray([0, 1] * 50)
    rows = LabeledRows(actual, np.zeros(100, dtype=np.intp), np.ones(100))
    estimate = estimate_pile(Task("binary", ("no", "yes")), rows, Pile(1_000, {"no": 1_000})).estimates[1]
    assert estimate.low == 0.0
    assert estimate.high == pytest.approx(1.0)


def test_each_of_several_labels_is_estimated_on_its_own() -> None:
    rng = np.random.default_rng(4)
    task = Task("multilabel", ("red", "sweet"))

    def predict(actual: np.ndarray) -> np.ndarray:
        flipped = rng.random(actual.shape) < 0.1
        return np.where(flipped, 1 - actual, actual)

    actual = (rng.random((600, 2)) < (0.3, 0.1)).astype(np.float32)
    pile = predict((rng.random((8_000, 2)) < (0.5, 0.1)).astype(np.float32))
    counts = dict(zip(task.labels, pile.sum(axis=0).astype(int).tolist(), strict=True))
    result = estimate_pile(task, LabeledRows(actual, predict(actual), np.ones(600)), Pile(8_000, counts))
    red, sweet = result.estimates
    assert red.low < 0.5 < red.high
    assert sweet.low < 0.1 < sweet.high
    assert sweet.counted > sweet.high
    assert (result.mix_differs, result.texts_differ) == (True, None)


def test_the_mean_of_a_number_is_corrected_and_follows_a_shift() -> None:
    rng = np.random.default_rng(5)

    def draw(rows: int, shift: float) -> tuple[np.ndarray, np.ndarray]:
        x = rng.normal(shift, 1, rows)
        return 3 + x + rng.normal(0, 0.5, rows), 2.5 + 0.7 * x

    actual, predicted = draw(300, 0.0)
    rows = LabeledRows(actual, predicted, np.ones(len(actual), dtype=np.float64))
    result = estimate_pile(Task("regression", ()), rows, Pile(5_000, {}, values=moments_of(draw(5_000, 1.0)[1])))
    (mean,) = result.estimates
    assert mean.low < 4.0 < mean.high
    assert mean.counted == pytest.approx(3.2, abs=0.05)
    assert result.mix_differs is True
    assert mean.text == f"{mean.value:.2f} ± {mean.high - mean.value:.2f}"


def test_dependent_rows_widen_the_intervals() -> None:
    model = Gaussians((0.6, 0.4))
    rng = np.random.default_rng(6)
    drawn, pile = model.draw(rng, (0.6, 0.4), 60), model.draw(rng, (0.6, 0.4), 5_000).pile(model.task)
    actual, predicted = np.repeat(drawn.actual, 10), np.repeat(drawn.predicted, 10)
    widths = []
    for units in (None, np.repeat(np.arange(60), 10)):
        result = estimate_pile(model.task, LabeledRows(actual, predicted, np.repeat(drawn.confidence, 10), units), pile)
        widths.append(result.estimates[1].high - result.estimates[1].low)
    assert widths[1] > 2 * widths[0]
    assert result.units == 60


def test_estimates_as_text() -> None:
    assert ShareEstimate("complaints", 0.1, 0.123, 0.115, 0.131, 80).text == "12.3% ± 0.8"
    assert ShareEstimate("complaints", 0.1, 0.02, 0.004, 0.051, 80).text == "2.0% (0.4 to 5.1)"
    assert ShareEstimate("complaints", 0.125, 0.02, 0.004, 0.051, 80).counted_text == "12.5%"


def test_moments_add_up() -> None:
    values = np.asarray([1.0, 2.0, 4.0, 7.0])
    added = moments_of(values[:1]) + moments_of(values[1:])
    assert (added.rows, added.mean) == (4, values.mean())
    assert added.variance == pytest.approx(values.var())
    assert (Moments().mean, Moments().variance) == (0.0, 0.0)
