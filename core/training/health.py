"""Trainings that go wrong are recognised and named, with what to try instead: a loss that is no number, one that grows, a
model that answers always the same, a machine without memory."""

from dataclasses import replace
from typing import Any

import numpy as np
import numpy.typing as npt

from core.jobs.events import Trouble
from core.task import Floats, Task
from core.training.config import RANGES, TrainingConfig

_GROWN = 1.5
_FEWEST_STEPS = 20


def not_a_number(step: int, config: TrainingConfig) -> Trouble:
    """The loss is NaN or infinite."""
    rate = _slower(config, 10)
    return Trouble(
        "nan",
        f"The loss stopped being a number at step {step}.",
        f"Most often the learning rate ({config.learning_rate:.0e}) is too high. Try {rate:.0e}.",
        {"learning_rate": rate, "mixed_precision": False},
    )


def diverging(losses: list[float], config: TrainingConfig) -> Trouble | None:
    """The loss of the last quarter is far above that of the first."""
    quarter = len(losses) // 4
    if len(losses) < _FEWEST_STEPS:
        return None
    first, last = float(np.mean(losses[:quarter])), float(np.mean(losses[-quarter:]))
    if last <= _GROWN * first:
        return None
    rate = _slower(config, 5)
    return Trouble(
        "diverging",
        f"The training loss grew from {first:.2f} to {last:.2f}: the training diverged.",
        f"The learning rate ({config.learning_rate:.0e}) is too high. Try {rate:.0e}.",
        {"learning_rate": rate},
    )


def collapsed(task: Task, targets: npt.NDArray[Any], logits: Floats, config: TrainingConfig) -> Trouble | None:
    """The model gives every row the same class although several occur."""
    if not task.one_label or len(np.unique(targets)) < 2:
        return None
    answers = np.unique(logits.argmax(axis=1))
    if len(answers) > 1:
        return None
    rate = _slower(config, 2)
    return Trouble(
        "collapse",
        f"The model answers “{task.labels[int(answers[0])]}” to every validation text.",
        f"Train longer with a smaller learning rate ({rate:.0e}), weigh the classes, or try another seed.",
        {
            "learning_rate": rate,
            "epochs": min(100.0, 2 * config.epochs),
            "class_balance": 1.0,
            "seed": (config.seed + 1) % 2**32,
        },
    )


def out_of_memory(config: TrainingConfig) -> tuple[Trouble, TrainingConfig] | None:
    """What to say and how to go on after memory ran out: half the batch, twice as many in a step. None with a batch of 1."""
    if config.batch_size == 1:
        return None
    smaller = replace(config, batch_size=config.batch_size // 2, accumulation=min(64, 2 * config.accumulation))
    trouble = Trouble(
        "memory",
        f"Memory ran out with batches of {config.batch_size} texts.",
        f"Trying again by itself with {smaller.batch_size}, {smaller.accumulation} batches a step.",
    )
    return trouble, smaller


def _slower(config: TrainingConfig, times: float) -> float:
    return max(RANGES["learning_rate"][0], config.learning_rate / times)
