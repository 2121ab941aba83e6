"""Events on disk: what is written is read, and damaged lines are skipped."""

import json
from pathlib import Path

import pytest

from core.jobs import events
from core.jobs.events import Event, FirstModel, Phase, Problem, Progress, Step, Validation

EVENTS: list[Event] = [
    Phase("training"),
    Progress(1, 2, 3.5),
    Step(1, 0.5, 1e-4),
    Validation(1, {"f1_macro": 0.5}),
    FirstModel({"accuracy": 0.9}),
    Problem("nan", "The loss is NaN.", "Try less.", {"learning_rate": 1e-5}),
]


def test_events_are_read_in_the_order_they_were_written(tmp_path: Path) -> None:
    for event in EVENTS:
        events.append(tmp_path, event)
    assert events.read(tmp_path) == EVENTS


@pytest.mark.parametrize(
    "line",
    [
        b'{"kind": "phase", "na',
        b"",
        b"\xff\xfe\x00\x9f",
        b"[1, 2]",
        b"7",
        b"null",
        b"[" * 100_000,
        b'{"kind": "surprise", "time": 1.0}',
        b'{"kind": 3, "time": 1.0}',
        b'{"kind": ["phase"], "name": "a"}',
        b'{"name": "training", "time": 1.0}',
        b'{"kind": "phase", "time": 1.0}',
        b'{"kind": "phase", "name": "a", "time": 1.0, "color": "red"}',
        b'{"kind": "phase", "name": 3, "time": 1.0}',
        b'{"kind": "progress", "done": "many", "total": 2, "time": 1.0}',
        b'{"kind": "progress", "done": 1, "total": 0, "time": 1.0}',
        b'{"kind": "progress", "done": 1, "total": 2, "seconds_left": NaN, "time": 1.0}',
        b'{"kind": "validation", "step": 1, "metrics": {"f1": "high"}, "time": 1.0}',
        b'{"kind": "trouble", "name": "a", "message": "b", "changes": [], "time": 1.0}',
    ],
)
def test_a_damaged_line_is_skipped(line: bytes, tmp_path: Path) -> None:
    events.append(tmp_path, EVENTS[0])
    with (tmp_path / events.FILE).open("ab") as file:
        file.write(line + b"\n")
    events.append(tmp_path, EVENTS[1])
    assert events.read(tmp_path) == EVENTS[:2]


def test_values_that_json_does_not_have_are_read(tmp_path: Path) -> None:
    record = {"kind": "validation", "step": 1, "metrics": {"r2": float("nan")}}
    (tmp_path / events.FILE).write_text(json.dumps(record))
    (validation,) = events.read(tmp_path)
    assert isinstance(validation, Validation)
    assert str(validation.metrics["r2"]) == "nan"


def test_the_current_phase_and_its_progress() -> None:
    assert events.current_phase([]) == ("loading", None)
    features: list[Event] = [Phase("features"), Progress(3, 3)]
    assert events.current_phase(features) == ("features", features[1])
    # Progress of an earlier phase does not count.
    assert events.current_phase([*features, Phase("training")]) == ("training", None)


def test_a_job_without_a_file_has_no_events(tmp_path: Path) -> None:
    assert events.read(tmp_path) == []
