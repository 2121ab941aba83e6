"""A workspace with a trained instant model."""

from pathlib import Path
from shutil import copytree

import pytest

from core.data.samples import CLINIC
from core.experiments.launch import create_training_run, sample_dataset
from core.experiments.worker import run_worker
from core.runs import Run, list_runs
from core.training.config import TrainingConfig
from core.workspace import workspace_of


@pytest.fixture(scope="session")
def clinic_home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A home with the clinic sample and an instant run on it, as the worker leaves it."""
    home = tmp_path_factory.mktemp("home")
    workspace = workspace_of("local", home)
    run = create_training_run(workspace, sample_dataset(workspace, CLINIC), TrainingConfig(method="instant"))
    run_worker(run, home)
    return home


@pytest.fixture
def clinic(clinic_home: Path, tmp_path: Path) -> Run:
    """The instant run in a copy of its home."""
    copytree(clinic_home, tmp_path / "clinic")
    (run,) = list_runs(workspace_of("local", tmp_path / "clinic"))
    return run
