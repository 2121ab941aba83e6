"""Home: counts, the demo, and the result of the run it started."""

from pathlib import Path

import pytest

from core.jobs import process
from core.runs import Run, list_runs
from core.workspace import Workspace
from tests.pages.app import click, find, page_text, visit


def test_counts_of_an_empty_workspace(empty: Workspace) -> None:
    assert {metric.label: metric.value for metric in visit("home").metric} == {
        "Datasets": "0",
        "Trained models": "0",
        "Running": "0",
    }


def test_the_demo_starts_a_run_on_the_sample(empty: Workspace, monkeypatch: pytest.MonkeyPatch) -> None:
    started: list[Path] = []

    def start(folder: Path) -> None:
        started.append(folder)
        process.write_status(folder, "running", pid=0)

    monkeypatch.setattr(process, "start", start)
    at = visit("home")
    click(at, "Try it now")
    (run,) = list_runs(empty)
    assert started == [run.folder]
    assert find(at.metric, "Running").value == "1"
    assert find(at.button, "Try it now").disabled
    assert any(button.label == "Stop" for button in at.button)


def test_a_finished_demo_run_shows_its_score_and_a_form(clinic_run: Run) -> None:
    at = visit("home")
    at.session_state["demo_run_id"] = clinic_run.id
    at.run()
    assert not at.exception
    result = clinic_run.result()
    assert result is not None
    score = find(at.metric, "F1 (macro) on validation").value
    assert score == f"{100 * result.validation['f1_macro']:.1f}%"
    assert "Try your model" in page_text(at)
    assert '"Medication Request"' in at.code[0].value
