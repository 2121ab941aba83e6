"""What a training will take, before it starts: minutes and memory, from lengths in word pieces and what was measured here.

Times are sums over batches of like length, each interpolated between the measured lengths; memory is the peak of the longest
batch. Baselines and overheads are small constants. The estimate is for a machine as busy as it was when it was measured.
"""

import math
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import numpy.typing as npt

from core import host
from core.estimation.speed import MEASURED_BATCH, EncoderSpeed
from core.training.config import INTERPOLATION_SHARES, PAD_TO_MULTIPLE_OF, TrainingConfig

Lengths = npt.NDArray[np.int64]

# Seconds of a run beside its passes: reading, fitting a head, baselines, writing; and what each 1,000 rows add to them.
_OVERHEAD, _OVERHEAD_A_THOUSAND = 3.0, 1.5
# What the Trainer, its data and the evaluation hold beside the model, MB; and the share of memory that may be planned with.
_TRAINER_MEMORY = 430.0
_USABLE = 0.9
_BYTES_A_PARAMETER = 4


@dataclass(frozen=True)
class CostEstimate:
    """Expected seconds and peak MB, what may be used, and what would fit if it does not."""

    seconds: float
    memory_mb: float
    usable_mb: float
    advice: tuple[str, ...] = ()

    @property
    def fits(self) -> bool:
        """Whether this machine has the memory."""
        return self.memory_mb <= self.usable_mb


def estimate_cost(
    config: TrainingConfig, lengths: Lengths, rows: tuple[int, int, int], speed: EncoderSpeed
) -> CostEstimate:
    """Plan a run on texts of these lengths (any sample of them), with so many rows for train, validation and test."""
    seconds, memory = _seconds(config, lengths, rows, speed), _memory(config, lengths, speed)
    usable = host.memory_bytes() / 1e6 * _USABLE
    return CostEstimate(seconds, memory, usable, _advice(config, lengths, speed, usable) if memory > usable else ())


def _seconds(config: TrainingConfig, lengths: Lengths, rows: tuple[int, int, int], speed: EncoderSpeed) -> float:
    train, validation, test = rows
    cut = np.minimum(np.sort(lengths), config.max_length)
    forward = _mean_seconds(cut, speed, speed.forward)
    total = speed.start + _OVERHEAD + _OVERHEAD_A_THOUSAND * sum(rows) / 1000 + (validation + test) * forward
    if config.method == "instant":
        return total + sum(rows) * forward
    if config.init_fitted_head:
        total += sum(rows) * forward + len(INTERPOLATION_SHARES) * validation * forward
    step = _mean_seconds(_padded_lengths(cut, config.batch_size), speed, speed.step)
    frozen = _mean_seconds(_padded_lengths(cut, config.batch_size), speed, speed.frozen)
    share = min(config.frozen_layers, speed.layers - 1) / max(1, speed.layers - 1)
    learned = step + share * (frozen - step) + (forward if config.gradient_checkpointing else 0.0)
    return total + config.epochs * train * learned + validation * forward * config.validation_count(train)


def _padded_lengths(cut: Lengths, batch: int) -> Lengths:
    """Lengths after padding to the longest of each batch of neighbours, in steps."""
    if len(cut) == 0:
        return np.asarray([PAD_TO_MULTIPLE_OF])
    # A sample stands for all: its neighbours are as far apart as those of a batch in the whole, or farther.
    parts = np.array_split(cut, max(1, math.ceil(len(cut) / batch)))
    return np.concatenate(
        [np.full(len(part), math.ceil(part[-1] / PAD_TO_MULTIPLE_OF) * PAD_TO_MULTIPLE_OF) for part in parts]
    )


def _mean_seconds(lengths: Lengths, speed: EncoderSpeed, metric_estimates: tuple[float, ...]) -> float:
    """Mean seconds a text."""
    return float(np.mean(_interpolate(lengths, speed.lengths, metric_estimates))) / MEASURED_BATCH


def _interpolate(
    lengths: Lengths | list[float], known: tuple[int, ...], values: tuple[float, ...]
) -> npt.NDArray[np.float64]:
    """Piecewise linear through the measured points; beyond the last along the last piece, below the first in proportion."""
    x = np.asarray(lengths, dtype=np.float64)
    at, found = [0.0, *known], [0.0, *values]
    slope = (found[-1] - found[-2]) / (at[-1] - at[-2])
    return np.where(x > at[-1], found[-1] + (x - at[-1]) * slope, np.interp(x, at, found))


def _memory(config: TrainingConfig, lengths: Lengths, speed: EncoderSpeed) -> float:
    longest = float(min(lengths.max(initial=PAD_TO_MULTIPLE_OF), config.max_length))
    tokens = config.batch_size * math.ceil(longest / PAD_TO_MULTIPLE_OF) * PAD_TO_MULTIPLE_OF
    if config.method == "instant":
        return speed.loaded + _TRAINER_MEMORY
    # Memory measured at 16 x length: taken by tokens, whatever the batch.
    at = tokens / MEASURED_BATCH
    peak = float(_interpolate([at], speed.lengths, tuple(m - speed.loaded for m in speed.memory))[0])
    state = 3 * _BYTES_A_PARAMETER * speed.parameters / 1e6
    activations = max(0.0, peak - state)
    if config.gradient_checkpointing:
        activations /= max(1, speed.layers) / 2
    activations *= 1 - 0.8 * min(config.frozen_layers, speed.layers - 1) / max(1, speed.layers)
    return speed.loaded + _TRAINER_MEMORY + min(peak, state) + activations


def _advice(config: TrainingConfig, lengths: Lengths, speed: EncoderSpeed, usable: float) -> tuple[str, ...]:
    """Changes that would make it fit, the mildest first."""
    half, double = max(1, config.batch_size // 2), min(64, 2 * config.gradient_accumulation_steps)
    shorter = max(8, config.max_length // 2)
    all_of_it = {
        "batch_size": 1,
        "gradient_accumulation_steps": min(64, config.effective_batch_size),
        "gradient_checkpointing": True,
    }
    tried: dict[str, dict[str, Any]] = {
        f"batches of {half}, {double} a step": {"batch_size": half, "gradient_accumulation_steps": double},
        "computing twice and keeping less": {"gradient_checkpointing": True},
        f"texts cut at {shorter} word pieces": {"max_length": shorter},
        "batches of 1, computed twice": all_of_it,
    }
    fitting = [
        words for words, changes in tried.items() if _memory(replace(config, **changes), lengths, speed) <= usable
    ]
    return (*fitting, "a smaller encoder")
