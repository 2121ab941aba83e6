"""Heavy computations of pages take turns, so that the server keeps answering while many sessions compute."""

import threading
from collections.abc import Callable
from functools import wraps
from typing import ParamSpec, TypeVar

# All threads of a process share one interpreter: the more of them compute, the longer each waits, that of the server too.
_AT_ONCE = 2
_turns = threading.BoundedSemaphore(_AT_ONCE)
P = ParamSpec("P")
T = TypeVar("T")


def few_at_once(compute: Callable[P, T]) -> Callable[P, T]:
    """A decorator for a computation of which two run at a time in this process. It must not call another one of these."""

    @wraps(compute)
    def wait_and_compute(*args: P.args, **options: P.kwargs) -> T:
        with _turns:
            return compute(*args, **options)

    return wait_and_compute
