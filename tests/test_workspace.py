"""Files that are whole or not there, folders with safe names."""

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core import workspace
from core.errors import StudioError


@given(name=st.text(max_size=80))
def test_a_slug_is_a_safe_name(name: str) -> None:
    make_estimate = workspace.slug(name)
    assert make_estimate
    assert len(make_estimate) <= 40
    assert set(make_estimate) <= set("abcdefghijklmnopqrstuvwxyz0123456789-")


def test_a_failed_write_leaves_the_old_file_and_no_other(tmp_path: Path) -> None:
    path = tmp_path / "a.json"
    workspace.write_json(path, {"a": 1})

    def full_disk(_: Path) -> None:
        raise OSError(28, "No space left on device")

    with pytest.raises(StudioError, match="the disk is full") as caught:
        workspace.write_atomically(path, full_disk)
    assert "disk space" in caught.value.hint
    assert workspace.read_json(path) == {"a": 1}
    assert [p.name for p in tmp_path.iterdir()] == ["a.json"]


def test_a_folder_appears_whole_or_not_at_all(tmp_path: Path) -> None:
    def fail() -> None:
        with workspace.create_folder_atomically(tmp_path, "x") as folder:
            (folder / "marker").touch()
            raise ValueError("no")

    with pytest.raises(ValueError, match="no"):
        fail()
    assert list(tmp_path.glob("[!.]*")) == []
    with workspace.create_folder_atomically(tmp_path, "x") as folder:
        (folder / "marker").touch()
    assert [path.name for path in tmp_path.glob("[!.]*")] == [folder.name]
    assert (tmp_path / folder.name / "marker").exists()


@pytest.mark.parametrize("identifier", ["..", "../other", "/etc", ".hidden", "a/b", ""])
def test_an_identifier_leads_nowhere_else(identifier: str, tmp_path: Path) -> None:
    (tmp_path / "runs").mkdir()
    (tmp_path / "other").mkdir()
    assert workspace.find_child(tmp_path / "runs", identifier) is None


def test_delete_removes_a_folder_for_good(tmp_path: Path) -> None:
    (tmp_path / "x").mkdir()
    (tmp_path / "x" / "marker").touch()
    workspace.delete(tmp_path / "x")
    assert list(tmp_path.iterdir()) == []


def test_a_visitor_has_the_workspace_and_everything_in_it(tmp_path: Path) -> None:
    root = workspace.workspace_of("visitor-1", tmp_path).root
    assert [workspace.visitor_of(folder) for folder in (root, root / "runs" / "a", tmp_path)] == [
        "visitor-1",
        "visitor-1",
        "",
    ]
    assert workspace.belongs_to_visitor(root)
    assert not workspace.belongs_to_visitor(workspace.workspace_of("local", tmp_path).runs)
