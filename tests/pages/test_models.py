"""Models: the table of runs; import, rename and delete."""

import io
from typing import Any

import pytest
from streamlit.testing.v1 import AppTest

from core.data.dataset import list_datasets
from core.data.samples import CLINIC
from core.experiments.launch import create_training_run, sample_dataset
from core.jobs import process
from core.prediction.export import write_zip
from core.reports.markdown import render_markdown
from core.runs import Run, list_runs
from core.training.config import TrainingConfig
from core.workspace import Workspace, workspace_containing
from tests.finished import finished
from tests.pages.app import click, find, visit


def test_each_run_is_a_row(empty: Workspace) -> None:
    finished(empty, "binary", "First")
    finished(empty, "regression", "Second")
    table = visit("models").dataframe[0].value
    assert list(table["Name"]) == ["Second", "First"]
    assert list(table["Metric"]) == ["R²", "F1 (macro)"]
    assert list(table["Validation score"]) == [0.5, 0.9]
    assert list(table["Training time"]) == ["12 s", "12 s"]


def upload_zip(at: AppTest, data: bytes) -> None:
    """Upload a zip under "Import a model" and import it; the page must run without an exception."""
    uploader: Any = at.get("file_uploader")[0]
    uploader.set_value([("model.zip", data, "application/zip")]).run()
    click(at, "Import")


@pytest.mark.slow
def test_a_downloaded_zip_is_imported_as_another_model(clinic_run: Run) -> None:
    buffer = io.BytesIO()
    write_zip(clinic_run, buffer, render_markdown)
    at = visit("models")
    upload_zip(at, buffer.getvalue())
    table = at.dataframe[0].value
    assert list(table["State"]) == ["imported", "finished"]
    assert table["Validation score"][0] == table["Validation score"][1]


def test_a_file_that_is_not_a_model_is_refused(empty: Workspace) -> None:
    at = visit("models")
    upload_zip(at, b"PK, but not a zip")
    assert "The zip was not imported" in at.error[0].value


def test_an_empty_name_is_rejected(clinic_run: Run) -> None:
    at = visit("models")
    at.text_input[0].set_value("  ")
    click(at, "Save the name")
    assert "needs a name" in at.error[0].value


def test_a_deleted_run_leaves_its_dataset(clinic_run: Run) -> None:
    workspace = workspace_containing(clinic_run.folder)
    click(visit("models"), "Delete permanently")
    assert list_runs(workspace) == []
    assert len(list_datasets(workspace)) == 1


def test_a_token_for_the_hub_is_not_kept(clinic_run: Run) -> None:
    at = visit("models")
    find(at.text_input, "Repository").set_value("no-owner")
    find(at.text_input, "Token with write access").set_value("hf_secret")
    click(at, "Push")
    assert "Expected a repository as owner/name" in at.error[0].value
    assert find(at.text_input, "Repository").value == "no-owner"
    assert find(at.text_input, "Token with write access").value == ""
    assert "hf_secret" not in repr(at.session_state)


def test_a_link_opens_a_run_and_a_wrong_one_is_reported(empty: Workspace) -> None:
    first, second = finished(empty, "binary", "First"), finished(empty, "binary", "Second", seed=1)
    at = visit("models")
    assert second.id in at.query_params["run"]
    at.query_params["run"] = first.id
    at.run()
    assert find(at.text_input, "Name").value == "First"
    at.query_params["run"] = "unknown"
    at.run()
    assert "not in your workspace" in at.warning[0].value
    click(at, "Predict")
    assert at.title[0].value == "Predict"


def test_a_run_that_was_stopped_without_a_model_can_be_resumed(empty: Workspace) -> None:
    run = create_training_run(empty, sample_dataset(empty, CLINIC), TrainingConfig(method="instant"))
    process.write_status(run.folder, "stopped", "Stopped.")
    at = visit("models")
    assert "it was stopped before there was one" in at.warning[0].value
    click(at, "Resume")
    assert process.read_status(run.folder).active
    click(at, "Stop")
    assert process.read_status(run.folder).state == "stopped"
