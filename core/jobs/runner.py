"""Runs a job in this process: waits for its turn, records events and status, and stops in good order when asked to."""

import _thread
import math
import os
import shutil
import signal
import sys
import threading
import time
import traceback
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from types import FrameType

from core import host
from core.errors import StudioError, disk_error
from core.formatting import pluralize
from core.jobs import events, process, queue
from core.jobs.events import Event, OnEvent, Phase, Progress, ignore_event
from core.limits import host_limits
from core.workspace import belongs_to_visitor

_NICENESS = 10
# Held while a job runs and released when it fails, so that a full disk still has room for the status.
_RESERVE, _RESERVE_BYTES = ".reserve", 1 << 16
_FULL_DISK_BYTES = 10_000_000
# How long a job may take to stop after its longest time, to evaluate and save what it has.
_GRACE_SECONDS = 300.0
# Readers read the whole events file each time, so it must not grow by a line for each of a million steps.
_SECONDS_BETWEEN_PROGRESS = 0.5


class _StopRequested(BaseException):
    """Raised by SIGTERM while the job has nothing to save yet."""


class StopSignal:
    """SIGTERM as a request to stop: it ends the job at once, or while deferred only sets ``requested``.

    ``reason`` says why, if it was not a person who asked.
    """

    def __init__(self) -> None:
        self.requested = False
        self.reason = ""
        self._deferred = False

    def listen(self) -> None:
        """Handle the signal, if this is the main thread."""
        if threading.current_thread() is threading.main_thread():
            signal.signal(signal.SIGTERM, self._on_signal)

    @contextmanager
    def deferred(self) -> Iterator[None]:
        """While this lasts, a signal only sets ``requested``."""
        self._deferred = True
        try:
            yield
        finally:
            self._deferred = False

    def _on_signal(self, number: int, frame: FrameType | None) -> None:
        self.requested = True
        if not self._deferred:
            raise _StopRequested


Job = Callable[[OnEvent, StopSignal], None]


def run_job(folder: Path, home: Path, job: Job, on_event: OnEvent = ignore_event) -> None:
    """Run a job in this process when it is its turn. Its folder records the events and how the job ended.

    Raises:
        RunError: the job runs already, in another process. Nothing is recorded then.
        StudioError: the job failed for a reason that the user can fix.
    """
    queue.claim(home, folder, os.getpid())
    stop = StopSignal()
    stop.listen()
    if hasattr(os, "setpriority"):
        os.setpriority(os.PRIO_PROCESS, 0, max(_NICENESS, os.getpriority(os.PRIO_PROCESS, 0)))
    record = _EventRecorder(folder, on_event)
    process.write_status(folder, "queued")
    with _failures_recorded(folder, stop):
        record(Phase("waiting"))
        with queue.wait_turn(home, folder, os.getpid()):
            if process.read_status(folder).state == "stopped":  # by the user, while the job was waiting
                return
            process.write_status(folder, "running")
            with _limited_time(folder, stop):
                job(record, stop)
        process.write_status(folder, "stopped" if stop.requested else "finished", stop.reason)


@contextmanager
def _limited_time(folder: Path, stop: StopSignal) -> Iterator[None]:
    """Stop the job after the longest time that this host allows, in good order; a job that does not stop then is ended."""
    minutes = host_limits(shared=belongs_to_visitor(folder)).job_minutes
    if not minutes:
        yield
        return
    reason = f"It reached the longest time that a job may take on this host, {pluralize(minutes, 'minute')}."

    def ask() -> None:
        stop.reason = reason
        if sys.platform == "win32":  # where a signal would end the process
            _thread.interrupt_main(signal.SIGTERM)
        else:
            os.kill(os.getpid(), signal.SIGTERM)

    def end() -> None:
        process.write_status(folder, "failed", reason, "It did not stop by itself, so it was ended. You can resume it.")
        os._exit(1)

    timers = [threading.Timer(60 * minutes, ask), threading.Timer(60 * minutes + _GRACE_SECONDS, end)]
    for timer in timers:
        timer.daemon = True
        timer.start()
    try:
        yield
    finally:
        for timer in timers:
            timer.cancel()


class _EventRecorder:
    """Writes events to the job's folder, progress at most twice a second, and passes every event on."""

    def __init__(self, folder: Path, on_event: OnEvent) -> None:
        self._folder, self._on_event = folder, on_event
        self._last_progress = -math.inf

    def __call__(self, event: Event) -> None:
        if not self._is_too_soon(event):
            events.append(self._folder, event)
        self._on_event(event)

    def _is_too_soon(self, event: Event) -> bool:
        if not isinstance(event, Progress):
            return False
        now = time.monotonic()
        if event.done < event.total and now < self._last_progress + _SECONDS_BETWEEN_PROGRESS:
            return True
        self._last_progress = now
        return False


@contextmanager
def _failures_recorded(folder: Path, stop: StopSignal) -> Iterator[None]:
    """Record an exception in the job's status, and raise it again unless the user asked to stop."""
    reserve = folder / _RESERVE
    try:
        reserve.write_bytes(bytes(_RESERVE_BYTES))
        yield
    except _StopRequested:
        message = f"{stop.reason} Stopped before there was a result to keep.".lstrip()
        process.write_status(folder, "stopped", message, "You can start it again at any time.")
    except BaseException as error:
        reserve.unlink(missing_ok=True)
        if isinstance(error, StudioError):
            message, hint = error.message, error.hint
        else:
            traceback.print_exc()
            message, hint = _describe(error, folder)
        process.write_status(folder, "failed", message, hint)
        raise
    finally:
        reserve.unlink(missing_ok=True)


def _describe(error: BaseException, folder: Path) -> tuple[str, str]:
    """A message and a hint for an error that is not one of ours."""
    if host.is_out_of_memory(error):
        return "The machine ran out of memory.", "Choose a smaller batch size, shorter texts or a smaller encoder."
    if known := disk_error(error, "The result"):
        return known.message, known.hint
    # Some libraries do not say that the disk is full, so the disk itself is checked.
    if shutil.disk_usage(folder).free < _FULL_DISK_BYTES:
        return "The disk is full.", "Delete models that you no longer need, or free some disk space, then start again."
    text = str(error).strip().split("\n")[0]
    return (
        f"The job ended with an unexpected error: {type(error).__name__}: {text}",
        "The log in the job's folder has the details.",
    )
