"""What every job does around its work: wait for its turn, say how it stands, end in good order when told to."""

import os
import shutil
import signal
import threading
import traceback
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from types import FrameType

from core import host
from core.errors import StudioError
from core.jobs import events, process, queue
from core.jobs.events import Event, Phase, Progress

_NICENESS = 10
# Kept while a job works and given up when it fails: on a full disk there must be room to say so.
_BALLAST, _BALLAST_BYTES = ".ballast", 1 << 16
_DISK_IS_FULL_BELOW = 10_000_000
# Seconds. Whoever looks on reads the whole file, which must not grow by a line for each of a million steps.
_PROGRESS_EVERY = 0.5


class _StopRequested(BaseException):
    """Somebody asked the job to end before there was anything to keep."""


class StopSignal:
    """SIGTERM: the end of the job; while deferred only a request, which the job meets at a good moment."""

    def __init__(self) -> None:
        self.requested = False
        self._deferred = False

    def listen(self) -> None:
        """Take over the signal, where this is the main thread."""
        if threading.current_thread() is threading.main_thread():
            signal.signal(signal.SIGTERM, self._on_signal)

    @contextmanager
    def deferred(self) -> Iterator[None]:
        """While this lasts a signal only sets ``requested``."""
        self._deferred = True
        try:
            yield
        finally:
            self._deferred = False

    def _on_signal(self, number: int, frame: FrameType | None) -> None:
        self.requested = True
        if not self._deferred:
            raise _StopRequested


Emit = Callable[[Event], None]


def run_job(
    folder: Path, home: Path, job: Callable[[Emit, StopSignal], None], on_event: Emit = lambda event: None
) -> None:
    """Do a job in this process. How it ended is in the folder's status; errors a user can mend are raised as well.

    Raises:
        StudioError: the job failed for a reason the user can mend.
    """
    switch = StopSignal()
    switch.listen()
    if hasattr(os, "setpriority"):
        os.setpriority(os.PRIO_PROCESS, 0, max(_NICENESS, os.getpriority(os.PRIO_PROCESS, 0)))

    written = 0.0

    def emit(event: Event) -> None:
        nonlocal written
        if isinstance(event, Progress):
            waits = event.done < event.total and event.time < written + _PROGRESS_EVERY
            written = written if waits else event.time
        else:
            waits = False
        if not waits:
            events.append(folder, event)
        on_event(event)

    process.write_status(folder, "queued")
    try:
        (folder / _BALLAST).write_bytes(bytes(_BALLAST_BYTES))
        emit(Phase("waiting"))
        with queue.wait_turn(home, folder, os.getpid(), lambda ahead: None):
            if process.read_status(folder).state == "stopped":  # by somebody, while it waited
                return
            process.write_status(folder, "running")
            job(emit, switch)
        process.write_status(folder, "stopped" if switch.requested else "finished")
    except _StopRequested:
        process.write_status(
            folder, "stopped", "Stopped before there was anything to keep.", "Start it again when you like."
        )
    except StudioError as error:
        (folder / _BALLAST).unlink(missing_ok=True)
        process.write_status(folder, "failed", error.message, error.hint)
        raise
    except BaseException as error:
        traceback.print_exc()
        (folder / _BALLAST).unlink(missing_ok=True)
        message, hint = _in_plain_words(error, folder)
        process.write_status(folder, "failed", message, hint)
        raise
    finally:
        (folder / _BALLAST).unlink(missing_ok=True)


def _in_plain_words(error: BaseException, folder: Path) -> tuple[str, str]:
    text = str(error).strip().split("\n")[0]
    if host.is_out_of_memory(error):
        return "The machine ran out of memory.", "Choose a smaller batch, shorter texts or a smaller encoder."
    # Libraries say it in their own words, or in none: the disk itself knows.
    if shutil.disk_usage(folder).free < _DISK_IS_FULL_BELOW:
        return "The disk is full.", "Delete runs you no longer need on the Models page, then start again."
    return (
        f"The job ended with an unexpected error: {type(error).__name__}: {text}",
        "The log in its folder holds the details.",
    )
