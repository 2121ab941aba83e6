"""The commands takeout, import of a takeout, and purge."""

from pathlib import Path

import pytest

from core.__main__ import main
from core.data.dataset import list_datasets
from core.storage import write_record
from core.workspace import Workspace, workspace_of
from tests.hosting.test_takeout import dataset_in


def test_everything_goes_out_and_comes_back(workspace: Workspace, tmp_path: Path) -> None:
    dataset = dataset_in(workspace, "mine")
    file = tmp_path / "everything.zip"
    assert main(["takeout", str(file)]) == 0
    other = tmp_path / "workspaces" / "other"
    assert main(["import", str(file), "--workspace", str(other)]) == 0
    (restored,) = list_datasets(Workspace(other, tmp_path))
    assert restored.fingerprint == dataset.fingerprint


def test_purge_lists_and_deletes_what_is_due(
    workspace: Workspace, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    idle = workspace_of("visitor-" + "a" * 32)
    idle.datasets.mkdir(parents=True)
    write_record(idle.root / ".idle.json", {"days": 12})
    monkeypatch.setenv("STUDIO_MAX_IDLE_DAYS", "0")
    assert main(["purge"]) == 0
    assert "Idle workspaces are kept" in capsys.readouterr().out
    monkeypatch.setenv("STUDIO_MAX_IDLE_DAYS", "7")
    assert main(["purge", "--dry-run"]) == 0
    assert capsys.readouterr().out == "visitor aaaaaaaa\t12 days unused\n1 would be deleted.\n"
    assert idle.root.exists()
    assert main(["purge"]) == 0
    assert "1 were deleted" in capsys.readouterr().out
    assert not idle.root.exists()
