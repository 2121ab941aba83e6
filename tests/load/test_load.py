"""Twenty visitors without a browser and two with one, for five minutes on two cores: half predict, a third upload, one trains.

``LOAD_SECONDS=60 make load`` is a short run.
"""

import os
import shutil
import sys
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from itertools import cycle
from pathlib import Path

import numpy as np
import pytest
from playwright.sync_api import Browser
from websockets.exceptions import WebSocketException

from tests.browser.conftest import Server, browser, free_port, settle, start_server
from tests.streamlit_client import PAGES, Visitor

__all__ = ["browser"]

SECONDS = float(os.environ.get("LOAD_SECONDS", "300"))
PREDICTING, UPLOADING, READING = 10, 7, 2
MOST_TIMES_IDLE = 5.0
_IDLE_PREDICTIONS = 30
_PAUSE_SECONDS = 1.0

pytestmark = [pytest.mark.slow, pytest.mark.timeout(int(SECONDS) + 900)]


@dataclass
class Load:
    """What the visitors of a run measured and met: seconds of each prediction, errors, what each one was sent of others."""

    server: Server
    ends: float
    seconds: list[float] = field(default_factory=list)
    problems: list[str] = field(default_factory=list)
    done: dict[str, int] = field(default_factory=dict)

    @property
    def over(self) -> bool:
        return time.monotonic() > self.ends


Action = Callable[[Load, Visitor, str, int], None]


def marker(number: int) -> str:
    """A word that only one visitor writes."""
    return f"marker{number:03d}qz"


def predict(load: Load, visitor: Visitor, own: str, turn: int) -> None:
    visitor.fill("Text", f"{own} my pills are finished, number {turn}")
    start = time.monotonic()
    visitor.click("Predict")
    load.seconds.append(time.monotonic() - start)
    assert f"{own} my pills" in visitor.text()


def upload(load: Load, visitor: Visitor, own: str, turn: int) -> None:
    visitor.open("data")
    visitor.choose("Source", "Upload")
    rows = "\n".join(f"{own} text {i} of turn {turn},{'ab'[i % 2]}" for i in range(60))
    visitor.upload("", f"{own}.csv", f"text,label\n{rows}".encode())
    assert own in visitor.text()


def train(load: Load, visitor: Visitor, own: str, turn: int) -> None:
    visitor.open("")
    if visitor.has("button", "Try it now"):
        visitor.click("Try it now")
    for fragment in list(visitor.timed_fragments):
        visitor.run_fragment(fragment)


def read(load: Load, visitor: Visitor, own: str, turn: int) -> None:
    visitor.open(PAGES[turn % len(PAGES)])


def visit_until_the_end(load: Load, action: Action, number: int) -> None:
    """Repeat an action; every message that the server sends is searched for the words of the others."""
    others = [marker(other).encode() for other in range(PREDICTING + UPLOADING + READING + 1) if other != number]
    turn = 0
    try:
        with Visitor(load.server.url) as visitor:
            visitor.open("")
            while not load.over:
                action(load, visitor, marker(number), turn)
                received = b"".join(visitor.received)
                visitor.received.clear()
                load.problems += [f"{number} was sent {other.decode()}" for other in others if other in received]
                load.problems += visitor.exceptions()
                turn += 1
                time.sleep(_PAUSE_SECONDS)
    except (AssertionError, OSError, StopIteration, WebSocketException) as error:
        load.problems.append(f"{action.__name__} {number}, turn {turn}: {type(error).__name__}: {error}"[:2000])
    load.done[f"{action.__name__} {number}"] = turn


def browse_until_the_end(load: Load, chromium: Browser) -> None:
    """Two browsers open one page after the other."""
    tabs = [chromium.new_context().new_page() for _ in range(2)]
    for tab, name in cycle((tab, name) for name in PAGES for tab in tabs):
        if load.over:
            break
        tab.goto(f"{load.server.url}/{name}", timeout=120_000)
        settle(tab)
        load.problems += [f"exception on {name}"] * tab.get_by_test_id("stException").count()
        load.done["browsers"] = load.done.get("browsers", 0) + 1
    for tab in tabs:
        tab.context.close()


@pytest.fixture
def server(tmp_path: Path) -> Iterator[Server]:
    """A server for strangers that may use two cores."""
    taskset = shutil.which("taskset")
    wrapper = (taskset, "-c", "0,1") if taskset and sys.platform == "linux" else ()
    running = start_server(tmp_path, free_port(), variables={"STUDIO_MODE": "shared"}, wrapper=wrapper)
    yield running
    running.process.kill()
    running.process.wait()


def p95_of_an_idle_server(server: Server) -> float:
    """The 95th percentile of the seconds of a prediction, for one visitor alone, after the model is loaded."""
    idle = Load(server, time.monotonic())
    with Visitor(server.url) as visitor:
        visitor.open("")
        for turn in range(_IDLE_PREDICTIONS + 1):
            predict(idle, visitor, "idle", turn)
    assert idle.problems == []
    return float(np.percentile(idle.seconds[1:], 95))


def test_visitors_at_once(server: Server, browser: Browser) -> None:
    idle = p95_of_an_idle_server(server)
    load = Load(server, time.monotonic() + SECONDS)
    parts: list[tuple[Action, int]] = [(predict, PREDICTING), (upload, UPLOADING), (read, READING), (train, 1)]
    actions = [action for action, count in parts for _ in range(count)]
    threads = [
        threading.Thread(target=visit_until_the_end, args=(load, action, number))
        for number, action in enumerate(actions)
    ]
    for thread in threads:
        thread.start()
    browse_until_the_end(load, browser)
    for thread in threads:
        thread.join()
    loaded = float(np.percentile(load.seconds, 95))
    print(
        f"\np95 of a prediction: {idle:.2f} s idle, {loaded:.2f} s with {len(actions)} visitors and 2 browsers, "
        f"{loaded / idle:.1f} times; {len(load.seconds)} predictions; turns: {load.done}"
    )
    assert load.problems == []
    assert min(load.done.values()) > 0
    assert loaded <= MOST_TIMES_IDLE * idle
