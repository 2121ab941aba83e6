"""What a job says while it runs: one JSON line an event, only ever appended to ``events.jsonl``."""

import json
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

FILE = "events.jsonl"


@dataclass(frozen=True)
class Phase:
    """The job has begun something else: "waiting", "loading", "features", "training", "evaluating", ..."""

    name: str
    time: float = field(default_factory=time.time)


@dataclass(frozen=True)
class Progress:
    """``done`` of ``total`` units of the present phase; ``seconds_left`` is an estimate, None while there is none."""

    done: int
    total: int
    seconds_left: float | None = None
    time: float = field(default_factory=time.time)


@dataclass(frozen=True)
class Step:
    """An optimiser step: the mean training loss since the last one reported, and the learning rate it used."""

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
class Problem:
    """Something went wrong in a way we know: its name, what happened, what to do; ``changes`` are settings to try instead."""

    name: str
    message: str
    hint: str = ""
    changes: dict[str, Any] = field(default_factory=dict)
    time: float = field(default_factory=time.time)


Event = Phase | Progress | Step | Validation | Problem
OnEvent = Callable[[Event], None]
# Called with the units done and the units in all.
OnProgress = Callable[[int, int], object]


def no_progress(done: int, total: int) -> None:
    """The ``on_progress`` of those who do not want to know."""


_KINDS: dict[str, type[Event]] = {
    "phase": Phase,
    "progress": Progress,
    "step": Step,
    "validation": Validation,
    "trouble": Problem,
}
_NAMES = {kind: name for name, kind in _KINDS.items()}


def append(folder: Path, event: Event) -> None:
    """Append an event to the job's file."""
    line = json.dumps({"kind": _NAMES[type(event)], **asdict(event)}) + "\n"
    with (folder / FILE).open("a", encoding="utf-8") as file:
        file.write(line)


def position(happened: Sequence[Event]) -> tuple[str, Progress | None]:
    """The phase a job is in ("loading" before it says so), and how far it has come in it."""
    began = next((i for i in range(len(happened) - 1, -1, -1) if isinstance(happened[i], Phase)), -1)
    phase = happened[began] if began >= 0 else None
    done = next((event for event in reversed(happened[began + 1 :]) if isinstance(event, Progress)), None)
    return phase.name if isinstance(phase, Phase) else "loading", done


def read(folder: Path) -> list[Event]:
    """All events so far, oldest first; a line that is only half written yet is left for the next time."""
    return list(_parse(folder / FILE))


def _parse(path: Path) -> Iterator[Event]:
    if not path.exists():
        return
    for line in path.read_text(encoding="utf-8").splitlines():
        try:
            record: dict[str, Any] = json.loads(line)
        except json.JSONDecodeError:
            continue
        yield _KINDS[record.pop("kind")](**record)
