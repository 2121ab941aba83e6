"""Home: how a new visitor starts, the demo, and what somebody who comes back finds."""

from pathlib import Path

import pytest

from core.data.samples import CLINIC, SAMPLES
from core.experiments.launch import create_training_run, sample_dataset
from core.jobs import dispatcher, process, queue
from core.runs import Run, list_runs
from core.training.config import TrainingConfig
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

    monkeypatch.setattr(dispatcher, "submit", start)
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


def test_an_interrupted_run_can_be_resumed_after_a_reload(empty: Workspace) -> None:
    run = create_training_run(empty, sample_dataset(empty, CLINIC), TrainingConfig(method="instant"))
    process.write_status(run.folder, "running", pid=2**22 + 1)  # a process that was killed
    at = visit("home")
    assert f"{run.name} has no model yet." in page_text(at).replace("**", "").replace("\\", "")
    assert "it was killed" in page_text(at)
    click(at, "Resume")
    assert process.read_status(run.folder).active
    queue.stop(run.folder)


def test_a_job_that_waits_shows_its_position(empty: Workspace) -> None:
    runs = [
        create_training_run(empty, sample_dataset(empty, CLINIC), TrainingConfig(), name) for name in ("One", "Two")
    ]
    for run in runs:
        queue.enqueue(run.folder)
    at = visit("home")
    shown = " ".join(str(progress.proto) for progress in at.get("progress"))
    assert all(f"Position {position} in the queue of this machine" in shown for position in (1, 2))
    for run in runs:
        queue.stop(run.folder)


def test_more_jobs_than_allowed_are_refused_with_a_sentence(empty: Workspace, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("STUDIO_MAX_JOBS_PER_VISITOR", "1")
    dataset = sample_dataset(empty, CLINIC)
    run = create_training_run(empty, dataset, TrainingConfig())
    queue.enqueue(dataset.folder)
    at = visit("home")
    click(at, "Try it now")
    assert "You have 1 job already: 0 running and 1 waiting." in page_text(at)
    assert [listed.id for listed in list_runs(empty)] == [run.id]
