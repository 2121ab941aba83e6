"""Home: how a new visitor starts, the demo, and what somebody who comes back finds."""

from pathlib import Path

import pytest

from core.data.samples import SAMPLES
from core.jobs import process
from core.runs import Run, list_runs
from core.workspace import Workspace
from tests.pages.app import click, find, page_text, visit


def test_a_new_visitor_finds_a_model_that_predicts(empty: Workspace) -> None:
    at = visit("home")
    assert at.title[0].value == "Teach a language model your own labels"
    assert at.text[0].value == "Medication Request"
    assert not find(at.button, "Try it now").disabled
    assert "Next: choose a dataset" in page_text(at)


def test_a_sample_opens_on_data(empty: Workspace) -> None:
    at = visit("home")
    at.button(key=f"open-{SAMPLES[2].file}").click().run()
    at.switch_page("pages/data.py").run()
    assert at.session_state["sample"] == 2
    assert SAMPLES[2].description in page_text(at)


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
    assert at.text[0].value in clinic_run.task.labels


def test_the_next_step_is_offered(clinic_run: Run) -> None:
    at = visit("home")
    assert clinic_run.name in page_text(at)
    assert find(at.button, "See how good the model is").key == "next-evaluate"
    clinic_run.record_test_view("evaluate page")
    at.run()
    assert find(at.button, "Predict new texts").key == "next-predict"
