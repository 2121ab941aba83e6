"""Trainings that go wrong are recognised and named, with what to try instead: a loss that is no number, one that grows, a
model that answers always the same, a machine without memory."""

from dataclasses import replace
from typing import Any

import numpy as np
import numpy.typing as npt

from core.jobs.events import Problem
from core.task import Floats, Task
from core.training.config import RANGES, TrainingConfig

_GROWN = 1.5
_FEWEST_STEPS = 20


def nonfinite_loss(step: int, config: TrainingConfig) -> Problem:
    """The loss is NaN or infinite."""
    rate = _slower(config, 10)
    return Problem(
        "nan",
        f"The loss stopped being a number at step {step}.",
        f"Most often the learning rate ({config.learning_rate:.0e}) is too high. Try {rate:.0e}.",
        {"learning_rate": rate, "mixed_precision": False},
    )


def diverging_loss(losses: list[float], config: TrainingConfig) -> Problem | None:
    """The loss of the last quarter is far above that of the first."""
    quarter = len(losses) // 4
    if len(losses) < _FEWEST_STEPS:
        return None
    first, last = float(np.mean(losses[:quarter])), float(np.mean(losses[-quarter:]))
    if last <= _GROWN * first:
        return None
    rate = _slower(config, 5)
    return Problem(
        "diverging_loss",
        f"The training loss grew from {first:.2f} to {last:.2f}: the training diverged.",
        f"The learning rate ({config.learning_rate:.0e}) is too high. Try {rate:.0e}.",
        {"learning_rate": rate},
    )


def collapsed_predictions(
    task: Task, targets: npt.NDArray[Any], logits: Floats, config: TrainingConfig
) -> Problem | None:
    """The model gives every row the same class although several occur."""
    if not task.one_label or len(np.unique(targets)) < 2:
        return None
    answers = np.unique(logits.argmax(axis=1))
    if len(answers) > 1:
        return None
    rate = _slower(config, 2)
    return Problem(
        "collapse",
        f"The model answers “{task.labels[int(answers[0])]}” to every validation text.",
        f"Train longer with a smaller learning rate ({rate:.0e}), weigh the classes, or try another seed.",
        {
            "learning_rate": rate,
            "epochs": min(100.0, 2 * config.epochs),
            "class_weight_power": 1.0,
            "seed": (config.seed + 1) % 2**32,
        },
    )


def out_of_memory(config: TrainingConfig) -> tuple[Problem, TrainingConfig] | None:
    """What to say and how to go on after memory ran out: half the batch, twice as many in a step. None with a batch of 1."""
    if config.batch_size == 1:
        return None
    smaller = replace(
        config,
        batch_size=config.batch_size // 2,
        gradient_accumulation_steps=min(64, 2 * config.gradient_accumulation_steps),
    )
    trouble = Problem(
        "memory",
        f"Memory ran out with batches of {config.batch_size} texts.",
        f"Trying again by itself with {smaller.batch_size}, {smaller.gradient_accumulation_steps} batches a step.",
    )
    return trouble, smaller


def _slower(config: TrainingConfig, times: float) -> float:
    return max(RANGES["learning_rate"][0], config.learning_rate / times)
