"""Learning curves: a law that is planted is found, subsets are nested and stratified."""

from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from core.errors import ConfigError
from core.evaluation.diagnostics.learning_curve import promise, sizes_for


def test_a_planted_law_is_found() -> None:
    sizes = [50, 100, 200, 400, 800]
    found = promise(sizes, [0.95 - 0.9 * size**-0.5 for size in sizes])
    assert found.size == 1_600
    assert found.value == pytest.approx(0.95 - 0.9 * 1_600**-0.5, abs=1e-3)
    assert found.low < found.value < found.high
    assert found.at([100]) == pytest.approx([0.86], abs=1e-3)
    assert found.sentence.startswith("1,600 rows promise about +0.0")


def test_noisy_scores_keep_the_truth_within_the_interval() -> None:
    rng = np.random.default_rng(0)
    sizes = np.asarray([50, 100, 200, 400, 800])
    truth = 0.95 - 0.9 * 1_600**-0.5
    inside = 0
    for seed in range(10):
        found = promise(sizes, 0.95 - 0.9 * sizes**-0.5 + rng.normal(0, 0.01, 5), seed=seed)
        inside += found.low <= truth <= found.high
        assert found.high <= 1
    assert inside >= 8


@pytest.mark.parametrize("scores", [[0.9, 0.9, 0.9], [1.0, 1.0, 1.0], [0.9, 0.8, 0.7], [0.2, 0.9, 0.5, 0.9]])
def test_odd_curves_do_not_break_it(scores: list[float]) -> None:
    found = promise([10 * 2**i for i in range(len(scores))], scores)
    assert found.low <= found.value <= found.high <= 1
    assert np.isfinite([found.low, found.value, found.high]).all()


def test_a_flat_curve_promises_nothing() -> None:
    assert promise([10, 20, 40], [0.9, 0.9, 0.9]).sentence == "The curve is flat: 80 rows promise next to nothing more."


def test_errors_can_be_given_as_negative_scores() -> None:
    found = promise([50, 100, 200], [-1.0, -0.8, -0.7], most=0)
    assert -0.7 < found.value <= 0


def test_too_few_points() -> None:
    with pytest.raises(ConfigError, match="three sizes or more, found 2"):
        promise([10, 20, 20, 40], [0.5, 0.6, 0.6, float("nan")])


@settings(max_examples=30, deadline=None)
@given(st.lists(st.integers(0, 3), min_size=2, max_size=200))
def test_parts_are_nested_and_hold_every_class(classes: list[int]) -> None:
    targets = np.asarray(classes)
    parts = sizes_for(targets)
    assert parts[-1].tolist() == list(range(len(targets)))
    for small, large in pairwise(parts):
        assert set(small) < set(large)
        assert set(targets[small]) == set(targets)


def test_parts_are_stratified() -> None:
    targets = np.repeat([0, 1], [750, 250])
    parts = sizes_for(targets)
    assert [len(part) for part in parts] == [62, 125, 250, 500, 1000]
    for part in parts:
        assert (targets[part] == 1).mean() == pytest.approx(0.25, abs=0.02)


def test_labels_numbers_and_too_few_rows() -> None:
    assert [len(part) for part in sizes_for(np.zeros((64, 3), dtype=np.float32))] == [8, 16, 32, 64]
    assert len(sizes_for(np.linspace(0, 1, 20))) == 2
    with pytest.raises(ConfigError, match="two rows or more, found 1"):
        sizes_for(np.asarray([0]))
