"""A made-up speed measurement, and text lengths."""

from typing import Any

import numpy as np

from core.estimation.speed import EncoderSpeed

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


def lengths(*values: int) -> Any:
    return np.asarray(values)
