"""Seeded random numbers of torch for small trainings inside the app's process."""

from collections.abc import Iterator
from contextlib import contextmanager
from threading import Lock

import torch

_lock = Lock()


@contextmanager
def seeded(seed: int) -> Iterator[None]:
    """A context in which torch's random numbers start from a seed; the state outside is kept.

    One thread at a time is inside: the generator belongs to the process, and a small host has memory for one training.
    """
    with _lock, torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        yield
