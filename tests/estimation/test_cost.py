"""The estimated time and memory of a training, computed by hand from a speed measurement."""

from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core import host
from core.estimation.cost import estimate_cost, interpolate
from core.training.config import TrainingConfig
from tests.estimation.cases import SPEED, lengths

CONFIG = TrainingConfig(epochs=4, batch_size=16, max_length=256)
ROWS = (1000, 100, 200)


def test_interpolation_between_and_beyond_the_measured_points() -> None:
    values = interpolate([16, 32, 80, 256, 384], (32, 128, 256), (1.0, 3.0, 7.0))
    # Half of the first; the first; half way from 1 to 3; the last; 128 beyond it at 4 per 128.
    assert values.tolist() == pytest.approx([0.5, 1.0, 2.0, 7.0, 11.0])
    assert interpolate([20, 80], (40,), (2.0,)).tolist() == pytest.approx([1.0, 4.0])


def test_seconds_by_hand() -> None:
    cost = estimate_cost(CONFIG, lengths(*[128] * 64), ROWS, SPEED)
    # A text of 128 tokens takes 0.64 / 16 = 0.04 s for a forward pass and 1.6 / 16 = 0.1 s for its part of a step.
    by_hand = 5 + 3 + 1.5 * 1.3  # start, overhead, 1,300 rows
    by_hand += (100 + 200) * 0.04  # evaluation
    by_hand += (1000 + 100 + 200) * 0.04  # features of the linear probe
    by_hand += 2 * 100 * 0.04  # weight interpolation
    by_hand += 4 * 1000 * 0.1  # four epochs
    by_hand += 4 * 100 * 0.04  # four validations
    assert cost.seconds == pytest.approx(by_hand)
    instant = estimate_cost(replace(CONFIG, method="instant"), lengths(*[128] * 64), ROWS, SPEED)
    assert instant.seconds == pytest.approx(5 + 3 + 1.5 * 1.3 + 1300 * 0.04)  # each text is encoded once
    frozen = estimate_cost(replace(CONFIG, frozen_layers=96), lengths(*[128] * 64), ROWS, SPEED)
    assert cost.seconds - frozen.seconds == pytest.approx(4 * 1000 * (1.6 - 0.8) / 16)


def test_memory_by_hand() -> None:
    cost = estimate_cost(CONFIG, lengths(20, 128), ROWS, SPEED)
    # 16 x 128 tokens were measured at 900 MB, 500 above the model; 120 of them are gradients and the state of AdamW.
    assert cost.memory_mb == pytest.approx(400 + 430 + 500)
    half = estimate_cost(replace(CONFIG, batch_size=8), lengths(20, 128), ROWS, SPEED)
    at_64 = 200 + (500 - 200) * (64 - 32) / 96  # as 16 texts of 64 tokens
    assert half.memory_mb == pytest.approx(400 + 430 + at_64)


configs = st.builds(
    TrainingConfig,
    epochs=st.floats(0.5, 20),
    batch_size=st.integers(1, 128),
    max_length=st.integers(8, 512),
    frozen_layers=st.integers(0, 8),
    gradient_checkpointing=st.booleans(),
    init_fitted_head=st.booleans(),
)
token_counts = st.lists(st.integers(3, 600), min_size=1, max_size=60)


@given(configs, token_counts, st.floats(0.1, 20))
def test_more_epochs_take_longer_and_the_same_memory(config: TrainingConfig, tokens: list[int], more: float) -> None:
    cost = estimate_cost(config, lengths(*tokens), ROWS, SPEED)
    longer = estimate_cost(replace(config, epochs=config.epochs + more), lengths(*tokens), ROWS, SPEED)
    assert longer.seconds > cost.seconds
    assert longer.memory_mb == cost.memory_mb


@given(configs, token_counts, st.integers(1, 100))
def test_a_larger_batch_needs_at_least_as_much_memory(config: TrainingConfig, tokens: list[int], more: int) -> None:
    cost = estimate_cost(config, lengths(*tokens), ROWS, SPEED)
    larger = estimate_cost(replace(config, batch_size=config.batch_size + more), lengths(*tokens), ROWS, SPEED)
    assert larger.memory_mb >= cost.memory_mb


@given(configs, token_counts, st.integers(0, 600), st.integers(0, 600))
def test_longer_texts_cost_at_least_as_much(config: TrainingConfig, tokens: list[int], limit: int, more: int) -> None:
    cost = estimate_cost(config, lengths(*tokens), ROWS, SPEED)
    longer_texts = lengths(*(count + more for count in tokens))
    longer = estimate_cost(replace(config, max_length=config.max_length + limit), longer_texts, ROWS, SPEED)
    assert longer.seconds >= cost.seconds - 1e-9
    assert longer.memory_mb >= cost.memory_mb - 1e-9


CHANGES: dict[str, dict[str, Any]] = {
    "a batch size of 8 with 2 gradient accumulation steps": {"batch_size": 8, "gradient_accumulation_steps": 2},
    "gradient checkpointing": {"gradient_checkpointing": True},
    "a maximum length of 128 tokens": {"max_length": 128},
    "a batch size of 1 with gradient checkpointing": {
        "batch_size": 1,
        "gradient_accumulation_steps": 16,
        "gradient_checkpointing": True,
    },
}


@pytest.mark.parametrize("usable", [840.0, 1080.0, 1380.0, 1780.0, 2250.0])
def test_the_advice_is_exactly_the_changes_that_fit(usable: float, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(host, "memory_bytes", lambda: int(usable / 0.9 * 1e6))
    cost = estimate_cost(CONFIG, lengths(*[256] * 8), ROWS, SPEED)
    if cost.fits:
        assert usable == 2250.0
        assert cost.advice == ()
        return
    assert cost.advice[-1] == "a smaller encoder"
    for advice, changes in CHANGES.items():
        changed = estimate_cost(replace(CONFIG, **changes), lengths(*[256] * 8), ROWS, SPEED)
        assert changed.fits is (advice in cost.advice), advice
    assert (usable > 840) is (len(cost.advice) > 1)


def test_settings_that_are_set_already_are_not_advised(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(host, "memory_bytes", lambda: int(100e6))
    config = replace(CONFIG, batch_size=1, gradient_checkpointing=True)
    assert estimate_cost(config, lengths(100), ROWS, SPEED).advice == ("a smaller encoder",)
