"""Minutes and memory are arithmetic on what was measured; the measurement itself is made on the tiny encoder."""

import time
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from core import host
from core.estimation.cost import _advice, _interpolate, _memory, estimate_cost
from core.estimation.speed import MEASURED_LENGTHS, EncoderSpeed, SpeedMeasurement, measure_speed
from core.jobs import process
from core.training.config import TrainingConfig
from core.workspace import Workspace

SPEED = EncoderSpeed(
    lengths=(32, 128, 256),
    forward=(0.16, 0.64, 1.6),
    step=(0.48, 1.6, 4.8),
    frozen=(0.16, 0.8, 2.4),
    memory=(600.0, 900.0, 1700.0),
    start=5.0,
    loaded=400.0,
    layers=6,
    parameters=10_000_000,
    cores=4,
)
CONFIG = TrainingConfig(epochs=4, batch_size=16, max_length=256)
ROWS = (1000, 100, 200)


def lengths(*values: int) -> Any:
    return np.asarray(values)


def test_between_and_beyond_what_was_measured() -> None:
    found = _interpolate([16, 32, 80, 256, 384], (32, 128, 256), (1.0, 3.0, 7.0))
    # Half of the first; itself; half way from 1 to 3; itself; another 128 at 4 a piece of 128.
    assert found.tolist() == pytest.approx([0.5, 1.0, 2.0, 7.0, 11.0])
    assert _interpolate([20, 80], (40,), (2.0,)).tolist() == pytest.approx([1.0, 4.0])


def test_seconds_by_hand() -> None:
    found = estimate_cost(CONFIG, lengths(*[128] * 64), ROWS, SPEED)
    # A text of 128 pieces: 0.64 / 16 = 0.04 s forward and 1.6 / 16 = 0.1 s learned from.
    by_hand = 5 + 3 + 1.5 * 1.3  # start, overhead, 1,300 rows
    by_hand += (100 + 200) * 0.04  # evaluation
    by_hand += (1000 + 100 + 200) * 0.04  # the head's features and answers
    by_hand += 2 * 100 * 0.04  # how far to go back
    by_hand += 4 * 1000 * 0.1  # four epochs
    by_hand += 4 * 100 * 0.04  # four validations
    assert found.seconds == pytest.approx(by_hand)
    instant = estimate_cost(replace(CONFIG, method="instant"), lengths(*[128] * 64), ROWS, SPEED)
    assert instant.seconds == pytest.approx(5 + 3 + 1.5 * 1.3 + 300 * 0.04 + 1300 * 0.04)
    frozen = estimate_cost(replace(CONFIG, frozen_layers=96), lengths(*[128] * 64), ROWS, SPEED)
    assert found.seconds - frozen.seconds == pytest.approx(4 * 1000 * (1.6 - 0.8) / 16)


def test_memory_by_hand() -> None:
    found = estimate_cost(CONFIG, lengths(20, 128), ROWS, SPEED)
    # 16 x 128 tokens were measured at 900 MB, 500 above the model; 120 of them are gradients and AdamW's state.
    assert found.memory_mb == pytest.approx(400 + 430 + 500)
    half = estimate_cost(replace(CONFIG, batch_size=8), lengths(20, 128), ROWS, SPEED)
    at_64 = 200 + (500 - 200) * (64 - 32) / 96  # as 16 texts of 64 pieces
    assert half.memory_mb == pytest.approx(400 + 430 + at_64)


settings_of = st.builds(
    TrainingConfig,
    epochs=st.floats(0.5, 20),
    batch_size=st.integers(1, 128),
    max_length=st.integers(8, 512),
    frozen_layers=st.integers(0, 8),
    gradient_checkpointing=st.booleans(),
    init_fitted_head=st.booleans(),
)
some_lengths = st.lists(st.integers(3, 600), min_size=1, max_size=60)


@given(settings_of, some_lengths, st.floats(0.1, 20))
def test_more_epochs_take_longer_and_no_more_memory(config: TrainingConfig, pieces: list[int], more: float) -> None:
    one = estimate_cost(config, lengths(*pieces), ROWS, SPEED)
    other = estimate_cost(replace(config, epochs=config.epochs + more), lengths(*pieces), ROWS, SPEED)
    assert other.seconds > one.seconds
    assert other.memory_mb == one.memory_mb


@given(settings_of, some_lengths, st.integers(1, 100))
def test_a_larger_batch_takes_no_less_memory(config: TrainingConfig, pieces: list[int], more: int) -> None:
    larger = replace(config, batch_size=config.batch_size + more)
    assert _memory(larger, lengths(*pieces), SPEED) >= _memory(config, lengths(*pieces), SPEED)


@given(settings_of, some_lengths, st.integers(0, 600), st.integers(0, 600))
def test_longer_texts_take_no_less(config: TrainingConfig, pieces: list[int], cut: int, more: int) -> None:
    longer = replace(config, max_length=config.max_length + cut)
    one, other = (
        estimate_cost(config, lengths(*pieces), ROWS, SPEED),
        estimate_cost(longer, lengths(*(p + more for p in pieces)), ROWS, SPEED),
    )
    assert other.seconds >= one.seconds - 1e-9
    assert other.memory_mb >= one.memory_mb - 1e-9


CHANGES: dict[str, dict[str, Any]] = {
    "batches of 8, 2 a step": {"batch_size": 8, "gradient_accumulation_steps": 2},
    "computing twice and keeping less": {"gradient_checkpointing": True},
    "texts cut at 128 word pieces": {"max_length": 128},
    "batches of 1, computed twice": {
        "batch_size": 1,
        "gradient_accumulation_steps": 16,
        "gradient_checkpointing": True,
    },
}


@pytest.mark.parametrize("usable", [840.0, 1080.0, 1380.0, 1780.0, 2250.0])
def test_what_is_advised_fits_and_what_is_not_does_not(usable: float, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(host, "memory_bytes", lambda: int(usable / 0.9 * 1e6))
    found = estimate_cost(CONFIG, lengths(*[256] * 8), ROWS, SPEED)
    if found.fits:
        assert usable == 2250.0
        assert found.advice == ()
        return
    assert found.advice[-1] == "a smaller encoder"
    for words, changes in CHANGES.items():
        changed = estimate_cost(replace(CONFIG, **changes), lengths(*[256] * 8), ROWS, SPEED)
        assert changed.fits is (words in found.advice), words
    assert (usable > 840) is (len(found.advice) > 1)


def test_advice_for_a_batch_of_one_does_not_propose_it_again() -> None:
    config = replace(CONFIG, batch_size=1, gradient_checkpointing=True)
    assert _advice(config, lengths(100), SPEED, 100.0) == ("a smaller encoder",)


def test_a_measurement_holds_what_a_plan_needs(tiny_encoder: str) -> None:
    found = measure_speed(tiny_encoder, mixed_precision=False)
    assert found.lengths == (32, 64)  # what the tiny encoder has positions for
    assert (found.layers, found.cores) == (2, host.cores())
    for values in (found.forward, found.step, found.frozen):
        assert len(values) == 2
        assert min(values) > 0
    assert sorted(found.memory) == list(found.memory)
    assert found.memory[0] >= found.loaded > 50
    planned = estimate_cost(TrainingConfig(max_length=64), lengths(40, 60), (100, 10, 10), found)
    assert planned.seconds > found.start
    assert planned.fits


def test_measuring_is_a_job_like_any_other(workspace: Workspace, tiny_encoder: str) -> None:
    asked = SpeedMeasurement.of(workspace.home, tiny_encoder, True)
    assert asked.status() is None
    assert asked.speed() is None
    asked.start()
    while (status := asked.status()) is not None and status.active:
        time.sleep(0.1)
    assert status is not None
    assert status.state == "finished", (status, process.log_tail(asked.folder))
    found = SpeedMeasurement.of(workspace.home, tiny_encoder, True).speed()
    assert found is not None
    assert found.lengths == (32, 64)
    assert max(found.lengths) < max(MEASURED_LENGTHS)
    assert SpeedMeasurement.of(workspace.home, tiny_encoder, False).speed() is None


def test_an_encoder_that_cannot_be_had_fails_in_a_sentence(
    workspace: Workspace, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HF_HUB_OFFLINE", "1")
    monkeypatch.setenv("HF_HOME", str(workspace.home / "hub"))
    asked = SpeedMeasurement.of(workspace.home, "nobody/nothing", True)
    asked.start()
    while (status := asked.status()) is not None and status.active:
        time.sleep(0.1)
    assert status is not None
    assert status.state == "failed"
    assert "nobody/nothing" in status.message
