"""The workflow: what is done and what comes next."""

from core.data.dataset import list_datasets
from core.jobs import process
from core.runs import list_runs
from core.workflow import find_workflow
from core.workspace import Workspace
from tests.finished import finished


def test_an_empty_workspace_starts_with_data() -> None:
    workflow = find_workflow([], [])
    assert (workflow.next_step, workflow.dataset, workflow.model, workflow.active) == ("data", None, None, ())


def test_steps_follow_each_other(workspace: Workspace) -> None:
    run = finished(workspace, "multiclass")
    datasets, runs = list_datasets(workspace), list_runs(workspace)
    assert find_workflow(datasets, []).next_step == "train"
    assert find_workflow(datasets, runs).next_step == "evaluate"
    run.record_test_view("evaluate page")
    workflow = find_workflow(datasets, runs)
    assert workflow.next_step == "predict"
    assert all(workflow.is_done(step) for step in ("data", "train", "evaluate"))


def test_a_model_without_its_dataset_can_be_evaluated(workspace: Workspace) -> None:
    finished(workspace, "binary")
    assert find_workflow([], list_runs(workspace)).next_step == "evaluate"


def test_the_chosen_run_is_the_model_and_active_runs_are_named(workspace: Workspace) -> None:
    first, second = finished(workspace, "binary", "first"), finished(workspace, "binary", "second", seed=1)
    process.write_status(second.folder, "running", pid=0)
    runs = list_runs(workspace)
    workflow = find_workflow([], runs, run_id=first.id)
    assert workflow.model is not None
    assert workflow.model.id == first.id
    assert [run.id for run in workflow.active] == [second.id]
    assert find_workflow([], runs, run_id="gone").model == runs[0]
