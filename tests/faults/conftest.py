"""Homes and small disks for the faults. All of these tests are slow; ``make faults`` runs them."""

import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from core.data.samples import CLINIC
from core.experiments.launch import create_training_run, sample_dataset
from core.experiments.worker import run_worker
from core.jobs import process
from core.training.config import TrainingConfig
from core.workspace import Workspace, workspace_of

IS_ROOT = sys.platform == "linux" and os.geteuid() == 0


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    for item in items:
        if Path(__file__).parent in item.path.parents:
            item.add_marker(pytest.mark.slow)


@pytest.fixture(scope="session")
def finished_home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A home with the clinic sample and a finished instant run on it."""
    home = tmp_path_factory.mktemp("finished")
    workspace = workspace_of("local", home)
    run = create_training_run(
        workspace, sample_dataset(workspace, CLINIC), TrainingConfig(method="instant"), "Finished"
    )
    process.write_status(run.folder, "queued")
    run_worker(run, home)
    return home


@pytest.fixture
def home(finished_home: Path, tmp_path: Path) -> Path:
    """A copy of the finished home."""
    copy = tmp_path / "home"
    shutil.copytree(finished_home, copy)
    return copy


@pytest.fixture
def workspace(home: Path) -> Workspace:
    """The local workspace of the home."""
    return workspace_of("local", home)


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """A disk of 100 MB; needs root."""
    with mounted(tmp_path / "disk", "100m") as folder:
        yield folder


@pytest.fixture
def large_disk(tmp_path: Path) -> Iterator[Path]:
    """A disk of 1.5 GB, which is enough for a training; needs root."""
    with mounted(tmp_path / "disk", "1500m") as folder:
        yield folder


@contextmanager
def mounted(folder: Path, size: str) -> Iterator[Path]:
    """A disk in memory. Skips the test where none can be mounted."""
    if not IS_ROOT:
        pytest.skip("Only root may mount a disk.")
    folder.mkdir()
    if subprocess.run(["mount", "-t", "tmpfs", "-o", f"size={size}", "tmpfs", str(folder)], check=False).returncode:
        pytest.skip("This machine does not allow a disk to be mounted.")
    try:
        yield folder
    finally:
        subprocess.run(["umount", "--lazy", str(folder)], check=True)


def fill(folder: Path, leave: int = 0) -> Path:
    """Fill the disk of a folder, except ``leave`` bytes; returns the file that fills it."""
    filler = folder / "filler"
    with filler.open("wb", buffering=0) as file:
        size = shutil.disk_usage(folder).free - leave
        try:
            for _ in range(0, size, 4096):
                file.write(bytes(4096))
        except OSError:
            assert leave == 0
    return filler
