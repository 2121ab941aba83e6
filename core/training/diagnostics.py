"""Diagnoses of trainings that go wrong, with settings to try instead: NaN or diverging loss, collapse, out of memory."""

from dataclasses import replace
from typing import Any

import numpy as np
import numpy.typing as npt

from core.jobs.events import Problem
from core.task import Floats, Task
from core.training.config import RANGES, TrainingConfig

# The loss diverges when its last quarter is this many times its first quarter.
_DIVERGING_RATIO = 1.5
_MIN_STEPS = 20


def nonfinite_loss(step: int, config: TrainingConfig) -> Problem:
    """The problem of a loss that is NaN or infinite."""
    rate = _divide_learning_rate(config, 10)
    return Problem(
        "nan",
        f"The loss became NaN or infinite at step {step}.",
        f"The learning rate ({config.learning_rate:.0e}) is probably too high. Try {rate:.0e}.",
        {"learning_rate": rate, "mixed_precision": False},
    )


def diverging_loss(losses: list[float], config: TrainingConfig) -> Problem | None:
    """The problem of a loss that is far higher in the last quarter of the steps than in the first; else None."""
    if len(losses) < _MIN_STEPS:
        return None
    quarter = len(losses) // 4
    first, last = float(np.mean(losses[:quarter])), float(np.mean(losses[-quarter:]))
    if last <= _DIVERGING_RATIO * first:
        return None
    rate = _divide_learning_rate(config, 5)
    return Problem(
        "diverging_loss",
        f"The training diverged: the loss grew from {first:.2f} to {last:.2f}.",
        f"The learning rate ({config.learning_rate:.0e}) is too high. Try {rate:.0e}.",
        {"learning_rate": rate},
    )


def collapsed_predictions(
    task: Task, targets: npt.NDArray[Any], logits: Floats, config: TrainingConfig
) -> Problem | None:
    """The problem of a model that predicts one class for all rows although several occur; else None."""
    if not task.one_label or len(np.unique(targets)) < 2:
        return None
    predicted = np.unique(logits.argmax(axis=1))
    if len(predicted) > 1:
        return None
    rate = _divide_learning_rate(config, 2)
    return Problem(
        "collapse",
        f"The model predicts “{task.labels[int(predicted[0])]}” for every validation text.",
        f"Train longer with a lower learning rate ({rate:.0e}), use class weights, or try another seed.",
        {
            "learning_rate": rate,
            "epochs": min(100.0, 2 * config.epochs),
            "class_weight_power": 1.0,
            "seed": (config.seed + 1) % 2**32,
        },
    )


def out_of_memory(config: TrainingConfig) -> tuple[Problem, TrainingConfig] | None:
    """The problem of memory that ran out, and a config with half the batch size and the same effective batch size.

    None if the batch size is 1.
    """
    if config.batch_size == 1:
        return None
    smaller = replace(
        config,
        batch_size=config.batch_size // 2,
        gradient_accumulation_steps=min(64, 2 * config.gradient_accumulation_steps),
    )
    problem = Problem(
        "memory",
        f"Memory ran out with a batch size of {config.batch_size}.",
        f"The training restarts with a batch size of {smaller.batch_size} and "
        f"{smaller.gradient_accumulation_steps} gradient accumulation steps.",
    )
    return problem, smaller


def _divide_learning_rate(config: TrainingConfig, divisor: float) -> float:
    return max(RANGES["learning_rate"][0], config.learning_rate / divisor)
