"""Learning curves: a planted power law is recovered, and subsets are nested and stratified."""

from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from core.errors import ConfigError
from core.evaluation.diagnostics.learning_curve import extrapolate, nested_subsets


def test_a_planted_power_law_is_recovered() -> None:
    sizes = [50, 100, 200, 400, 800]
    projection = extrapolate(sizes, [0.95 - 0.9 * size**-0.5 for size in sizes])
    assert projection.size == 1_600
    assert projection.value == pytest.approx(0.95 - 0.9 * 1_600**-0.5, abs=1e-3)
    assert projection.low < projection.value < projection.high
    assert projection.curve.predict([100]) == pytest.approx([0.86], abs=1e-3)
    assert projection.sentence.startswith(
        "The projected score at 1,600 rows is 0.009 better than now, give or take 0.0"
    )


def test_the_interval_of_noisy_scores_contains_the_truth() -> None:
    rng = np.random.default_rng(0)
    sizes = np.asarray([50, 100, 200, 400, 800])
    truth = 0.95 - 0.9 * 1_600**-0.5
    covered = 0
    for seed in range(10):
        projection = extrapolate(sizes, 0.95 - 0.9 * sizes**-0.5 + rng.normal(0, 0.01, 5), seed=seed)
        covered += projection.low <= truth <= projection.high
        assert projection.high <= 1
    assert covered >= 8


@pytest.mark.parametrize("scores", [[0.9, 0.9, 0.9], [1.0, 1.0, 1.0], [0.9, 0.8, 0.7], [0.2, 0.9, 0.5, 0.9]])
def test_flat_falling_and_erratic_scores_give_a_finite_projection(scores: list[float]) -> None:
    projection = extrapolate([10 * 2**i for i in range(len(scores))], scores)
    assert projection.low <= projection.value <= projection.high <= 1
    assert np.isfinite([projection.low, projection.value, projection.high]).all()


def test_a_flat_curve_projects_no_gain() -> None:
    sentence = extrapolate([10, 20, 40], [0.9, 0.9, 0.9]).sentence
    assert sentence == "The curve is flat: the projected score at 80 rows is about the same as now."


def test_errors_are_passed_as_negative_scores() -> None:
    projection = extrapolate([50, 100, 200], [-1.0, -0.8, -0.7], max_score=0)
    assert -0.7 < projection.value <= 0


def test_too_few_sizes() -> None:
    with pytest.raises(ConfigError, match="three sizes or more, found 2"):
        extrapolate([10, 20, 20, 40], [0.5, 0.6, 0.6, float("nan")])


@settings(max_examples=30, deadline=None)
@given(st.lists(st.integers(0, 3), min_size=2, max_size=200))
def test_subsets_are_nested_and_have_every_class(classes: list[int]) -> None:
    targets = np.asarray(classes)
    subsets = nested_subsets(targets)
    assert subsets[-1].tolist() == list(range(len(targets)))
    for smaller, larger in pairwise(subsets):
        assert set(smaller) < set(larger)
        assert set(targets[smaller]) == set(targets)


def test_subsets_are_stratified() -> None:
    targets = np.repeat([0, 1], [750, 250])
    subsets = nested_subsets(targets)
    assert [len(subset) for subset in subsets] == [62, 125, 250, 500, 1000]
    for subset in subsets:
        assert (targets[subset] == 1).mean() == pytest.approx(0.25, abs=0.02)


def test_subsets_of_labels_and_of_numbers() -> None:
    assert [len(subset) for subset in nested_subsets(np.zeros((64, 3), dtype=np.float32))] == [8, 16, 32, 64]
    assert len(nested_subsets(np.linspace(0, 1, 20))) == 2


def test_too_few_rows() -> None:
    with pytest.raises(ConfigError, match="two rows or more for a learning curve, found 1"):
        nested_subsets(np.asarray([0]))


@pytest.mark.slow
def test_noise_is_not_called_flat() -> None:
    rng = np.random.default_rng(0)
    sentences = [
        extrapolate([100, 200, 400, 800, 1_600], 0.8 + rng.normal(0, 0.02, 5), seed=seed).sentence for seed in range(10)
    ]
    assert sum(sentence.startswith("The curve is flat") for sentence in sentences) <= 1
    assert sum("vary too much to tell" in sentence for sentence in sentences) >= 8


def test_a_curve_that_has_risen_and_stands_still_is_flat() -> None:
    sizes = [100, 200, 400, 800, 1_600]
    assert extrapolate(sizes, [0.8, 0.801, 0.8, 0.801, 0.8]).trend == "flat"
    assert extrapolate(sizes, [0.60, 0.79, 0.8991, 0.9, 0.9002]).trend != "rising"
