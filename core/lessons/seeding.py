"""Seeded random numbers of torch, and one thread, for small trainings inside the app's process."""

from collections.abc import Iterator
from contextlib import contextmanager
from threading import Lock

import torch
from threadpoolctl import threadpool_limits

_lock = Lock()


@contextmanager
def seeded(seed: int) -> Iterator[None]:
    """A context in which torch's random numbers start from a seed, and in which it computes with one thread.

    The state outside is kept. One caller at a time is inside: the generator belongs to the process, and a small host has memory
    for one training. Products this small are slower when threads share them: 100 steps of a head took 0.5 s with one thread and
    25 s with two on a busy host with two cores.
    """
    with _lock, torch.random.fork_rng(devices=[]), threadpool_limits(limits=1):
        torch.manual_seed(seed)
        yield
