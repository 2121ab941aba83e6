"""Estimates the time and memory of a training before it starts, from text lengths and the measured speed of this machine.

Times are sums over batches of similar length, interpolated between the measured lengths; memory is the peak of the batch with
the longest texts. Baselines and overheads are small constants. The machine is assumed to be as busy as when it was measured.
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

# Seconds of a run for reading, fitting a head, baselines and writing; and what each 1,000 rows add.
_OVERHEAD, _OVERHEAD_PER_THOUSAND = 3.0, 1.5
# Memory of the Trainer, its data and the evaluation in MB; and the share of the machine's memory that can be used.
_TRAINER_MEMORY = 430.0
_USABLE = 0.9
_BYTES_PER_PARAMETER = 4


@dataclass(frozen=True)
class CostEstimate:
    """Expected seconds and peak memory in MB, the usable memory, and changes that make the training fit if it does not."""

    seconds: float
    memory_mb: float
    usable_mb: float
    advice: tuple[str, ...] = ()

    @property
    def fits(self) -> bool:
        """Whether the usable memory is enough."""
        return self.memory_mb <= self.usable_mb


def estimate_cost(
    config: TrainingConfig, lengths: Lengths, rows: tuple[int, int, int], speed: EncoderSpeed
) -> CostEstimate:
    """The cost of a run.

    ``lengths`` are those of a sample of its texts in tokens; ``rows`` are the numbers of train, validation and test rows.
    """
    seconds, memory = _seconds(config, lengths, rows, speed), _memory(config, lengths, speed)
    usable = host.memory_bytes() / 1e6 * _USABLE
    return CostEstimate(seconds, memory, usable, _advice(config, lengths, speed, usable) if memory > usable else ())


def _seconds(config: TrainingConfig, lengths: Lengths, rows: tuple[int, int, int], speed: EncoderSpeed) -> float:
    train, validation, test = rows
    truncated = np.minimum(np.sort(lengths), config.max_length)
    forward = _mean_seconds(truncated, speed, speed.forward)
    total = speed.start + _OVERHEAD + _OVERHEAD_PER_THOUSAND * sum(rows) / 1000
    if config.method == "instant":
        return total + sum(rows) * forward
    total += (validation + test) * forward
    if config.init_fitted_head:
        total += sum(rows) * forward + len(INTERPOLATION_SHARES) * validation * forward
    padded = _padded_lengths(truncated, config.batch_size)
    step, frozen = _mean_seconds(padded, speed, speed.step), _mean_seconds(padded, speed, speed.frozen)
    frozen_share = min(config.frozen_layers, speed.layers - 1) / max(1, speed.layers - 1)
    step += frozen_share * (frozen - step) + (forward if config.gradient_checkpointing else 0.0)
    return total + config.epochs * train * step + validation * forward * config.validation_count(train)


def _padded_lengths(lengths: Lengths, batch_size: int) -> Lengths:
    """Sorted lengths after padding to the longest of each batch of neighbors."""
    if len(lengths) == 0:
        return np.asarray([PAD_TO_MULTIPLE_OF])
    # Neighbors in a sample differ at least as much in length as neighbors among all rows.
    batches = np.array_split(lengths, max(1, math.ceil(len(lengths) / batch_size)))
    return np.concatenate([np.full(len(batch), _pad(batch[-1])) for batch in batches])


def _pad(length: float) -> int:
    return math.ceil(length / PAD_TO_MULTIPLE_OF) * PAD_TO_MULTIPLE_OF


def _mean_seconds(lengths: Lengths, speed: EncoderSpeed, seconds_per_batch: tuple[float, ...]) -> float:
    """Mean seconds per text."""
    return float(np.mean(interpolate(lengths, speed.lengths, seconds_per_batch))) / MEASURED_BATCH


def interpolate(
    x: npt.ArrayLike, measured_x: tuple[int, ...], measured_y: tuple[float, ...]
) -> npt.NDArray[np.float64]:
    """Values at ``x``, piecewise linear from the origin through the measured points, and beyond them along the last piece."""
    x, known_x, known_y = np.asarray(x, dtype=np.float64), [0.0, *measured_x], [0.0, *measured_y]
    slope = (known_y[-1] - known_y[-2]) / (known_x[-1] - known_x[-2])
    return np.where(x > known_x[-1], known_y[-1] + (x - known_x[-1]) * slope, np.interp(x, known_x, known_y))


def _memory(config: TrainingConfig, lengths: Lengths, speed: EncoderSpeed) -> float:
    """Peak memory in MB."""
    if config.method == "instant":
        return speed.loaded + _TRAINER_MEMORY
    longest = float(min(lengths.max(initial=PAD_TO_MULTIPLE_OF), config.max_length))
    # Memory depends on the tokens of a batch; this is the length at which a measured batch has as many.
    length = config.batch_size * _pad(longest) / MEASURED_BATCH
    peak = float(interpolate([length], speed.lengths, tuple(m - speed.loaded for m in speed.memory))[0])
    gradients_and_state = 3 * _BYTES_PER_PARAMETER * speed.parameters / 1e6
    activations = max(0.0, peak - gradients_and_state)
    if config.gradient_checkpointing:
        activations /= max(1, speed.layers) / 2
    activations *= 1 - 0.8 * min(config.frozen_layers, speed.layers - 1) / max(1, speed.layers)
    return speed.loaded + _TRAINER_MEMORY + min(peak, gradients_and_state) + activations


def _advice(config: TrainingConfig, lengths: Lengths, speed: EncoderSpeed, usable: float) -> tuple[str, ...]:
    """Changes with which the training fits, the one with the least effect on it first."""
    half, double = max(1, config.batch_size // 2), min(64, 2 * config.gradient_accumulation_steps)
    shorter = max(8, config.max_length // 2)
    options: dict[str, dict[str, Any]] = {
        f"a batch size of {half} with {double} gradient accumulation steps": {
            "batch_size": half,
            "gradient_accumulation_steps": double,
        },
        "gradient checkpointing": {"gradient_checkpointing": True},
        f"a maximum length of {shorter} tokens": {"max_length": shorter},
        "a batch size of 1 with gradient checkpointing": {
            "batch_size": 1,
            "gradient_accumulation_steps": min(64, config.effective_batch_size),
            "gradient_checkpointing": True,
        },
    }
    fitting = [
        advice for advice, changes in options.items() if _memory(replace(config, **changes), lengths, speed) <= usable
    ]
    return (*fitting, "a smaller encoder")
