"""Models: the table of runs; rename and delete."""

from core.data.dataset import list_datasets
from core.runs import Run, list_runs
from core.workspace import Workspace, workspace_containing
from tests.finished import finished
from tests.pages.app import click, visit


def test_each_run_is_a_row(empty: Workspace) -> None:
    finished(empty, "binary", "First")
    finished(empty, "regression", "Second")
    table = visit("models").dataframe[0].value
    assert list(table["Name"]) == ["Second", "First"]
    assert list(table["Metric"]) == ["R²", "F1 (macro)"]
    assert list(table["Validation score"]) == [0.5, 0.9]
    assert list(table["Training time"]) == ["12 s", "12 s"]


def test_an_empty_name_is_rejected(clinic_run: Run) -> None:
    at = visit("models")
    at.text_input[0].set_value("  ")
    click(at, "Rename")
    assert "needs a name" in at.error[0].value


def test_a_deleted_run_leaves_its_dataset(clinic_run: Run) -> None:
    workspace = workspace_containing(clinic_run.folder)
    click(visit("models"), "Delete permanently")
    assert list_runs(workspace) == []
    assert len(list_datasets(workspace)) == 1
