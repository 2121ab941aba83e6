"""Heavy computations of pages take turns."""

import threading
from concurrent.futures import ThreadPoolExecutor

import pytest

from pages.shared.turns import few_at_once


def test_two_computations_run_at_a_time_and_all_are_done() -> None:
    running, most, lock, pause = 0, 0, threading.Lock(), threading.Event()

    @few_at_once
    def compute(number: int) -> int:
        nonlocal running, most
        with lock:
            running += 1
            most = max(most, running)
        pause.wait(0.02)
        with lock:
            running -= 1
        return number

    with ThreadPoolExecutor(8) as pool:
        assert list(pool.map(compute, range(12))) == list(range(12))
    assert most == 2


def test_a_computation_that_fails_lets_the_next_one_go() -> None:
    @few_at_once
    def fail() -> None:
        raise ValueError("broke")

    for _ in range(4):
        with pytest.raises(ValueError, match="broke"):
            fail()
