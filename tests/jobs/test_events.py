"""Events survive the way to disk and back, and a half-written line harms nobody."""

from pathlib import Path

from core.jobs import events
from core.jobs.events import Event, Phase, Progress, Step, Validation


def test_events_come_back_in_order(tmp_path: Path) -> None:
    said: list[Event] = [Phase("training"), Progress(1, 2, 3.5), Step(1, 0.5, 1e-4), Validation(1, {"f1_macro": 0.5})]
    for event in said:
        events.append(tmp_path, event)
    assert events.read(tmp_path) == said


def test_a_half_written_line_waits(tmp_path: Path) -> None:
    events.append(tmp_path, Phase("loading"))
    with (tmp_path / events.FILE).open("a") as file:
        file.write('{"kind": "phase", "na')
    assert [type(event) for event in events.read(tmp_path)] == [Phase]


def test_where_a_job_stands() -> None:
    assert events.position([]) == ("loading", None)
    features: list[Event] = [Phase("features"), Progress(3, 3)]
    assert events.position(features) == ("features", features[1])
    assert events.position([*features, Phase("training")]) == ("training", None)  # what came before is done


def test_no_file_no_events(tmp_path: Path) -> None:
    assert events.read(tmp_path) == []
