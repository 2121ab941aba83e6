"""Runs beside one another."""

from dataclasses import replace

import pytest

from core import run_comparison
from core.errors import RunError
from core.workspace import Workspace
from tests.finished import finished


def test_two_runs_are_compared_on_the_same_rows(workspace: Workspace) -> None:
    good, bad = finished(workspace, "multiclass", "Good"), finished(workspace, "multiclass", "Bad", knows=0.5)
    found, disagreements = run_comparison.compare_runs(good, bad)
    assert found.better
    assert found.verdict.startswith("Good is better than Bad")
    assert len(disagreements) == len(found.disagreements) > 0
    assert (disagreements["first"] != disagreements["second"]).all()


def test_other_rows_or_other_labels_are_refused_with_the_reason(workspace: Workspace) -> None:
    run = finished(workspace, "multiclass")
    with pytest.raises(RunError, match="different test rows"):
        run_comparison.compare_runs(run, finished(workspace, "multiclass", seed=1))
    with pytest.raises(RunError, match="different labels"):
        run_comparison.compare_runs(run, finished(workspace, "binary"))


def test_runs_beside_one_another(workspace: Workspace) -> None:
    runs = [finished(workspace, "regression"), finished(workspace, "regression")]
    runs[1] = runs[1].reconfigure(replace(runs[1].config, epochs=9))
    table = run_comparison.compare_costs(runs, "test")
    assert {"run", "mae", "mae_low", "mae_high", "training_seconds", "megabytes", "seconds_per_1000_texts"} <= set(
        table
    )
    assert run_comparison.differing_settings(runs).to_dict("records")[0]["setting"] == "epochs"
