"""A workspace with a trained instant model."""

from pathlib import Path
from shutil import copytree

import pytest

from core.runs import Run, list_runs
from core.workspace import workspace_of


@pytest.fixture
def clinic(clinic_home: Path, tmp_path: Path) -> Run:
    """The instant run in a copy of its home."""
    copytree(clinic_home, tmp_path / "clinic")
    (run,) = list_runs(workspace_of("local", tmp_path / "clinic"))
    return run
