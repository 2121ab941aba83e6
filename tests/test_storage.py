"""Stored records: damage is named, contained and never a traceback."""

import json
from pathlib import Path

import pandas as pd
import pytest

from core.data.dataset import damaged_datasets, list_datasets
from core.errors import StorageError
from core.runs import damaged_runs, list_runs
from core.storage import FORMAT_VERSION, read_parquet, read_record, unless_changed, write_record
from core.workspace import Workspace, write_json
from tests.finished import finished

DAMAGE = {
    "empty": b"",
    "truncated": b'{"format_version": 2, "name": "A',
    "garbage": bytes(range(256)),
    "a list": b"[1, 2]",
    "null": b"null",
    "deep": b"[" * 100_000,
    "wrong types": b'{"format_version": 2, "name": {"a": 1}, "task": 7, "config": [], "columns": "x", "validation": 3}',
    "no fields": b'{"format_version": 2}',
    "no version": b'{"name": "A run"}',
    "bad version": b'{"format_version": "two"}',
    "newer": b'{"format_version": 99}',
}


def test_a_record_is_read_back_without_its_version(tmp_path: Path) -> None:
    write_record(tmp_path / "a.json", {"x": [1, "ä"]})
    assert json.loads((tmp_path / "a.json").read_text(encoding="utf-8"))["format_version"] == FORMAT_VERSION
    assert read_record(tmp_path / "a.json") == {"x": [1, "ä"]}


@pytest.mark.parametrize("damage", [name for name in DAMAGE if name not in ("no version", "no fields", "wrong types")])
def test_what_is_no_record_is_refused(damage: str, tmp_path: Path) -> None:
    (tmp_path / "a.json").write_bytes(DAMAGE[damage])
    with pytest.raises(StorageError, match=r"a\.json of .* (is damaged: |was written by a newer version)"):
        read_record(tmp_path / "a.json")


def test_a_missing_file_and_a_folder_in_its_place_are_refused(tmp_path: Path) -> None:
    (tmp_path / "folder.json").mkdir()
    for name in ("missing.json", "folder.json"):
        with pytest.raises(StorageError, match="damaged"):
            read_record(tmp_path / name)


@pytest.mark.parametrize("damage", DAMAGE)
@pytest.mark.parametrize("file", ["run.json", "evaluation/result.json"])
def test_a_damaged_run_is_listed_apart(file: str, damage: str, workspace: Workspace) -> None:
    whole, broken = finished(workspace, "binary", "Whole"), finished(workspace, "binary", "Broken")
    (broken.folder / file).write_bytes(DAMAGE[damage])
    assert list_runs(workspace) == [whole]
    (entry,) = damaged_runs(workspace)
    assert entry.folder == broken.folder
    assert Path(file).name in entry.problem


@pytest.mark.parametrize("damage", DAMAGE)
def test_a_damaged_dataset_is_listed_apart(damage: str, workspace: Workspace) -> None:
    finished(workspace, "binary")
    (dataset,) = list_datasets(workspace)
    (dataset.folder / "dataset.json").write_bytes(DAMAGE[damage])
    assert list_datasets(workspace) == []
    (entry,) = damaged_datasets(workspace)
    assert "dataset.json" in entry.problem


def test_a_damaged_table_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "a.parquet"
    pd.DataFrame({"x": [1]}).to_parquet(path)
    whole = path.read_bytes()
    for content in (b"", b"PAR1", whole[: len(whole) // 2], bytes(1000)):
        path.write_bytes(content)
        with pytest.raises(StorageError, match="not a valid Parquet file"):
            read_parquet(path)
    path.write_bytes(whole)
    with pytest.raises(StorageError, match="'y' is missing"):
        read_parquet(path, ("x", "y"))


def test_a_folder_is_loaded_again_only_after_its_file_has_changed(tmp_path: Path) -> None:
    loaded: list[str] = []

    @unless_changed("record.json", "missing.json")
    def load(folder: Path) -> str:
        loaded.append((folder / "record.json").read_text())
        return loaded[-1]

    write_json(tmp_path / "record.json", "one")
    assert load(tmp_path) == load(tmp_path)
    assert len(loaded) == 1
    write_json(tmp_path / "record.json", "two")
    assert load(tmp_path) != loaded[0]
    write_json(tmp_path / "missing.json", "now there")
    load(tmp_path)
    assert len(loaded) == 3


def test_what_cannot_be_loaded_is_tried_again(tmp_path: Path) -> None:
    @unless_changed("record.json")
    def load(folder: Path) -> str:
        raise StorageError("It is damaged.")

    for _ in range(2):
        with pytest.raises(StorageError):
            load(tmp_path)
