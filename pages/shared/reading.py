"""Read what a visitor sent, for as long as the visitor waits for it: with progress, and a button that cancels it."""

import threading
import time
from collections import OrderedDict
from collections.abc import Callable, Hashable
from typing import Any, TypeVar, cast

import streamlit as st

from core.formatting import format_percent
from core.jobs.events import OnProgress
from pages.shared.widgets import escape_markdown

_MAX_KEPT = 4
T = TypeVar("T")


class _Kept:
    """The values that were read last, for all visitors, by a key that names the bytes and how they were read."""

    def __init__(self) -> None:
        self._values: OrderedDict[Hashable, Any] = OrderedDict()
        self._lock = threading.Lock()

    def get(self, key: Hashable) -> Any:
        """The value of a key; None if it is not there."""
        with self._lock:
            if key in self._values:
                self._values.move_to_end(key)
            return self._values.get(key)

    def put(self, key: Hashable, value: object) -> None:
        """Keep a value; the oldest ones leave."""
        with self._lock:
            self._values[key] = value
            while len(self._values) > _MAX_KEPT:
                self._values.popitem(last=False)


@st.cache_resource(show_spinner=False)
def _kept() -> _Kept:
    return _Kept()


def read_once(key: tuple[Hashable, ...], name: str, read: Callable[[OnProgress], T]) -> T | None:
    """What ``read`` returns, kept between reruns; None after the visitor has canceled the reading.

    ``key`` names the bytes and how they are read. Reading shows its progress, and ends when the visitor cancels it, chooses
    something else or closes the page. It raises the errors of ``read``.
    """
    found = _kept().get(key)
    if found is not None:
        return cast(T, found)
    canceled = f"canceled-{key}"
    if st.session_state.get(canceled):
        st.info(f"Reading {escape_markdown(name)} was canceled.", icon=":material/stop_circle:")
        if not st.button("Read it after all", icon=":material/refresh:", key=f"resume-{key}"):
            return None
        del st.session_state[canceled]
    display = _Display(name, canceled)
    try:
        value = read(display.show)
    finally:
        display.clear()
    _kept().put(key, value)
    return value


def forget_readings() -> None:
    """Drop all that was read."""
    _kept.clear()


def stop_without_visitor(done: int, total: int) -> None:
    """End the run of the page, and with it the reading, when the visitor has closed or changed the page.

    Streamlit checks this whenever the session state is read.
    """
    st.session_state.get("reading")


class _Display:
    """The progress of a reading with a button that cancels it; nothing is shown before the first progress."""

    def __init__(self, name: str, canceled: str) -> None:
        self._name, self._canceled = escape_markdown(name), canceled
        self._place = st.empty()
        self._bar: Any = None
        self._started = time.monotonic()

    def show(self, done: int, total: int) -> None:
        """Show how much is done, or for how long it has been going on; ends the run of the page without a visitor."""
        stop_without_visitor(done, total)
        if self._bar is None:
            with self._place.container(horizontal=True, vertical_alignment="center"):
                self._bar = st.progress(0.0)
                st.button("Cancel", icon=":material/stop_circle:", key=f"stop-{self._canceled}", on_click=self._cancel)
        share = min(1.0, done / total) if total else 0.0
        amount = format_percent(share, 0) if total else f"{time.monotonic() - self._started:.0f} s"
        self._bar.progress(share, f"Reading {self._name} … {amount}")

    def clear(self) -> None:
        """Show nothing any more."""
        if self._bar is not None:
            self._place.empty()

    def _cancel(self) -> None:
        st.session_state[self._canceled] = True
