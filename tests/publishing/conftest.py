"""A finished run without a model for each kind of task, made once; tests that change one get a copy."""

from collections.abc import Callable
from pathlib import Path
from shutil import copytree

import pytest

from core.runs import Run
from core.workspace import workspace_of
from tests.finished import finished


@pytest.fixture(scope="session")
def make_run(tmp_path_factory: pytest.TempPathFactory) -> Callable[[str], Run]:
    """The finished run of a kind of task."""
    made: dict[str, Run] = {}

    def make(kind: str) -> Run:
        if kind not in made:
            made[kind] = finished(workspace_of("owner", tmp_path_factory.mktemp(kind)), kind, test=20)
        return made[kind]

    return make


@pytest.fixture
def run(make_run: Callable[[str], Run], tmp_path: Path) -> Run:
    """A copy of the run with three classes; its home is ``tmp_path``."""
    original = make_run("multiclass")
    folder = tmp_path / "workspaces" / "owner" / "runs" / original.id
    copytree(original.folder, folder)
    return Run.open(folder)
