"""The events of a job: one JSON object a line, only ever appended to ``events.jsonl``."""

import json
import math
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import asdict, dataclass, field, fields
from pathlib import Path
from typing import Any

from core.errors import StorageError
from core.storage import parse_record

FILE = "events.jsonl"


@dataclass(frozen=True)
class Phase:
    """The start of a phase of the job: "waiting", "loading", "features", "training", "evaluating", ..."""

    name: str
    time: float = field(default_factory=time.time)


@dataclass(frozen=True)
class Progress:
    """``done`` of ``total`` units of the current phase; ``seconds_left`` is an estimate, None while there is none.

    Raises:
        ValueError: the numbers cannot be shown as progress.
    """

    done: int
    total: int
    seconds_left: float | None = None
    time: float = field(default_factory=time.time)

    def __post_init__(self) -> None:
        if self.done < 0 or self.total < 1 or not math.isfinite(self.seconds_left or 0.0):
            raise ValueError(f"{self.done} of {self.total} is not progress")


@dataclass(frozen=True)
class Step:
    """An optimizer step: the mean training loss since the last reported step, and the learning rate."""

    step: int
    loss: float
    learning_rate: float
    time: float = field(default_factory=time.time)


@dataclass(frozen=True)
class Validation:
    """Metrics on the validation rows after a step."""

    step: int
    metrics: dict[str, float]
    time: float = field(default_factory=time.time)


@dataclass(frozen=True)
class FirstModel:
    """A first model can predict while the encoder still reads: its metrics on the validation rows."""

    metrics: dict[str, float]
    time: float = field(default_factory=time.time)


@dataclass(frozen=True)
class Problem:
    """A known problem: its name, what happened, what to do, and in ``changes`` the settings to try instead."""

    name: str
    message: str
    hint: str = ""
    changes: dict[str, Any] = field(default_factory=dict)
    time: float = field(default_factory=time.time)


Event = Phase | Progress | Step | Validation | FirstModel | Problem
OnEvent = Callable[[Event], None]
# Called with the number of units that are done and the total.
OnProgress = Callable[[int, int], object]


def ignore_event(event: Event) -> None:
    """The ``on_event`` of callers that do not need events."""


def no_progress(done: int, total: int) -> None:
    """The ``on_progress`` of callers that do not need progress."""


# "trouble" is the stored name of a problem.
_KINDS: dict[str, type[Event]] = {
    "phase": Phase,
    "progress": Progress,
    "step": Step,
    "validation": Validation,
    "first_model": FirstModel,
    "trouble": Problem,
}
_NAMES = {kind: name for name, kind in _KINDS.items()}


def append(folder: Path, event: Event) -> None:
    """Append an event to the job's file."""
    line = json.dumps({"kind": _NAMES[type(event)], **asdict(event)}) + "\n"
    with (folder / FILE).open("a", encoding="utf-8") as file:
        file.write(line)


def read(folder: Path) -> list[Event]:
    """All events so far, oldest first. Lines that are incomplete or damaged are skipped."""
    return list(_parse(folder / FILE))


def current_phase(events: Sequence[Event]) -> tuple[str, Progress | None]:
    """The name of the last phase ("loading" before the first one), and the last progress within it."""
    start = next((i for i in range(len(events) - 1, -1, -1) if isinstance(events[i], Phase)), -1)
    phase = events[start] if start >= 0 else None
    progress = next((event for event in reversed(events[start + 1 :]) if isinstance(event, Progress)), None)
    return phase.name if isinstance(phase, Phase) else "loading", progress


def _parse(path: Path) -> Iterator[Event]:
    if not path.is_file():
        return
    for line in path.read_text(encoding="utf-8", errors="replace").splitlines():
        try:
            record = json.loads(line)
        except (ValueError, RecursionError):
            continue
        kind = _KINDS.get(str(record.pop("kind", ""))) if isinstance(record, dict) else None
        if kind is None or not record.keys() <= {field.name for field in fields(kind)}:
            continue
        try:
            yield parse_record(kind, record, path)
        except StorageError:
            continue
