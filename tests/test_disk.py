"""Work that needs more disk than a host grants is refused in a sentence before anything is written."""

from pathlib import Path

import pytest

from core.disk import check_disk, folder_bytes
from core.errors import LimitError
from core.models.encoders import BUILT_IN
from core.training.config import TrainingConfig
from core.training.disk import training_disk
from core.workspace import Workspace, workspace_of
from tests.finished import finished

VISITOR = "visitor-" + "a" * 32


def test_a_workspace_that_is_full_takes_no_dataset_and_no_run(
    workspace: Workspace, monkeypatch: pytest.MonkeyPatch
) -> None:
    visitor = workspace_of(VISITOR)
    finished(visitor, "binary")
    before = {path: path.stat().st_mtime_ns for path in visitor.root.rglob("*")}
    monkeypatch.setenv("STUDIO_MAX_VISITOR_DISK_MB", "1")
    (visitor.root / "full").write_bytes(bytes(1_000_000))
    with pytest.raises(LimitError, match=r"The dataset needs about .* of the 1\.0 MB that this host grants"):
        finished(visitor, "binary")
    (visitor.root / "full").unlink()
    with pytest.raises(LimitError, match=r"The training needs about"):
        finished(visitor, "binary")
    after = {path: path.stat().st_mtime_ns for path in visitor.runs.rglob("*")}
    assert after.items() <= before.items()


def test_all_workspaces_together_have_a_limit(workspace: Workspace, monkeypatch: pytest.MonkeyPatch) -> None:
    other = workspace_of("visitor-" + "b" * 32)
    other.root.mkdir(parents=True)
    (other.root / "large").write_bytes(bytes(2_000_000))
    monkeypatch.setenv("STUDIO_MAX_DISK_MB", "3")
    check_disk(workspace_of(VISITOR), 900_000, "The dataset")
    with pytest.raises(LimitError, match=r"all workspaces together may use 3\.0 MB"):
        check_disk(workspace_of(VISITOR), 1_100_000, "The dataset")


def test_the_disk_itself_must_have_room_for_the_peak(workspace: Workspace) -> None:
    check_disk(workspace, 10, "The training", 1_000)
    with pytest.raises(LimitError, match=r"The training needs about .* but only .* are left"):
        check_disk(workspace, 10, "The training", 10**18)


def test_no_limit_is_the_default_of_the_owner(workspace: Workspace) -> None:
    workspace.root.mkdir(parents=True)
    (workspace.root / "large").write_bytes(bytes(3_000_000))
    check_disk(workspace, 1, "The dataset")


def test_links_are_not_followed(tmp_path: Path) -> None:
    (tmp_path / "a").mkdir()
    (tmp_path / "a" / "file").write_bytes(bytes(10))
    (tmp_path / "a" / "loop").symlink_to(tmp_path)
    (tmp_path / "large").write_bytes(bytes(99))
    assert folder_bytes(tmp_path / "a") == 10
    assert folder_bytes(tmp_path / "missing") == 0


def test_a_fine_tuning_needs_its_weights_ten_times(workspace: Workspace) -> None:
    kept, peak = training_disk(TrainingConfig(encoder=BUILT_IN))
    assert 90e6 < kept < 100e6
    assert 9 * kept < peak < 10 * kept
    assert training_disk(TrainingConfig(encoder="a/b"))[0] > 400e6
    assert training_disk(TrainingConfig(method="instant"))[1] < 10e6
