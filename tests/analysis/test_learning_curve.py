"""The learning curve of a run: as the job computes it, and what a damaged result does."""

import json
from pathlib import Path

import pytest

from core.analysis.learning_curve import extrapolate, learning_curve_job, read_learning_curve, run_learning_curve
from core.jobs import process
from core.jobs.folder import JobFolder
from core.runs import Run, create_run
from core.storage import write_record
from core.training.config import TrainingConfig
from core.workspace import Workspace
from tests.jobs.damage import DAMAGES, damage
from tests.toy import TOY_SOURCE
from tests.training.cases import toy


@pytest.fixture(params=["binary", "regression"])
def run(request: pytest.FixtureRequest, workspace: Workspace, tiny_encoder: str) -> Run:
    config = TrainingConfig(encoder=tiny_encoder, max_length=16)
    return create_run(workspace, toy(request.param), config, "toy", TOY_SOURCE)


def test_the_curve_ends_with_all_training_rows(run: Run) -> None:
    job = learning_curve_job(run)
    assert read_learning_curve(job) is None
    job.path.mkdir()
    run_learning_curve(job.path)
    points = read_learning_curve(job)
    assert points is not None
    assert list(points.columns) == ["rows", "score"]
    assert points["rows"].tolist() == [8, 16, 32, 64]
    assert extrapolate(run, points).size == 128
    assert process.read_status(job.path).state == "finished"


POINTS = [{"rows": 8, "score": 0.5}, {"rows": 16, "score": 0.7}]


@pytest.mark.parametrize("kind", DAMAGES)
def test_a_damaged_curve_counts_as_none(kind: str, tmp_path: Path) -> None:
    job = JobFolder(tmp_path, "learning-curve", "curve.json")
    write_record(job.result_path, {"points": POINTS})
    assert read_learning_curve(job) is not None
    damage(job.result_path, kind, "points")
    assert read_learning_curve(job) is None


def test_the_curve_that_version_0_1_wrote_is_read(tmp_path: Path) -> None:
    job = JobFolder(tmp_path, "learning-curve", "curve.json")
    job.result_path.write_text(json.dumps(POINTS))
    points = read_learning_curve(job)
    assert points is not None
    assert points.to_dict("records") == POINTS
