"""Starts the jobs that wait in the queue when it is their turn, in a thread of this process."""

import logging
import threading
from pathlib import Path

from core.errors import StudioError
from core.jobs import queue, tickets

_POLL_SECONDS, _IDLE_SECONDS, _PAUSE_SECONDS = 0.5, 2.0, 5.0
_log = logging.getLogger(__name__)
_threads: dict[Path, "_Dispatcher"] = {}
_lock = threading.Lock()


def submit(*folders: Path, command: str = "run") -> None:
    """Start jobs together as soon as it is their turn; see :func:`core.jobs.queue.enqueue` for the errors."""
    queue.enqueue(*folders, command=command)
    keep_dispatching(queue.home_of(folders[0]))


def keep_dispatching(home: Path, forever: bool = False) -> None:
    """Dispatch the jobs of a home in a thread while any of them waits; ``forever`` also takes over those of other processes."""
    with _lock:
        thread = _threads.get(home)
        if thread is None:
            thread = _threads[home] = _Dispatcher(home)
            thread.start()
        thread.forever = thread.forever or forever
        thread.wake.set()


class _Dispatcher(threading.Thread):
    """The thread. It ends when no job waits, unless it runs forever."""

    def __init__(self, home: Path) -> None:
        super().__init__(name="dispatcher", daemon=True)
        self.home, self.forever, self.wake = home, False, threading.Event()

    def run(self) -> None:
        while True:
            self.wake.clear()
            try:
                waiting = queue.dispatch(self.home) if tickets.paths(self.home) else 0
            except (StudioError, OSError) as error:
                # Such as a full disk: the jobs keep waiting, and start when it can be written again.
                _log.warning("No job can be started: %s", error)
                self.wake.wait(_PAUSE_SECONDS)
                continue
            if not waiting and self._ends():
                return
            self.wake.wait(_POLL_SECONDS if waiting else _IDLE_SECONDS)

    def _ends(self) -> bool:
        with _lock:
            # Whoever submits sets `wake` under the lock, after the ticket is there.
            if self.forever or self.wake.is_set():
                return False
            _threads.pop(self.home, None)
            return True
