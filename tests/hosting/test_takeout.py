"""A takeout has everything of one workspace and nothing of another; its datasets and models come back through the checks."""

import io
import json
import zipfile
from pathlib import Path
from typing import IO, Any, cast

import pandas as pd
import pytest

from core.data.columns import ColumnChoice
from core.data.dataset import Dataset, list_datasets, load_table, save_dataset
from core.data.reading.files import read_bytes
from core.data.splitting import SplitConfig
from core.errors import LimitError, StorageError
from core.hosting.takeout import write_takeout
from core.hosting.takeout_import import import_takeout, is_takeout
from core.runs import Run, list_runs
from core.workspace import Workspace, workspace_containing, workspace_of
from tests.finished import finished

MARKER = "ZQX-marker-of-another-visitor"


def dataset_in(workspace: Workspace, text: str) -> Dataset:
    """A small dataset whose texts begin with ``text``."""
    table = pd.DataFrame({"text": [f"{text} {i}" for i in range(40)], "label": ["yes", "no"] * 20})
    uploaded = read_bytes(table.to_csv(index=False, sep=";").encode(), "made.csv")
    return save_dataset(workspace, uploaded, ColumnChoice("text", "label", "binary"), SplitConfig(seed=7), text)


class Unseekable(io.RawIOBase):
    """A file that can only be written to, as a connection."""

    def __init__(self) -> None:
        self.written = bytearray()

    def writable(self) -> bool:
        return True

    def write(self, data: Any) -> int:
        self.written += data
        return len(data)


def zipped(workspace: Workspace) -> bytes:
    """The takeout of a workspace."""
    file = Unseekable()
    write_takeout(workspace, cast(IO[bytes], file))
    return bytes(file.written)


def test_a_takeout_has_every_file_of_its_workspace_alone(workspace: Workspace) -> None:
    dataset_in(workspace_of("visitor-" + "b" * 32), MARKER)
    dataset = dataset_in(workspace, "mine")
    workspace.corrections.write_text("{}\n")
    (workspace.root / "downloads").mkdir()
    (workspace.root / "downloads" / "model.zip").write_bytes(b"a copy")
    (workspace.root / "link").symlink_to("/etc/hostname")
    archive = zipfile.ZipFile(io.BytesIO(zipped(workspace)))
    assert archive.testzip() is None
    folder = f"datasets/{dataset.id}"
    assert sorted(archive.namelist()) == sorted(
        ["README.txt", "corrections.jsonl", f"{folder}/dataset.json", f"{folder}/table.parquet"]
    )
    assert not any(MARKER.encode() in archive.read(name) for name in archive.namelist())


def test_a_dataset_comes_back_as_it_was(workspace: Workspace, tmp_path: Path) -> None:
    dataset = dataset_in(workspace, "mine")
    path = tmp_path / "all.zip"
    path.write_bytes(zipped(workspace))
    assert is_takeout(path)
    other = workspace_of("visitor-" + "c" * 32)
    imported = import_takeout(other, path)
    assert (imported.datasets, imported.models, imported.refused) == (1, 0, ())
    assert imported.describe() == "1 dataset and 0 models"
    (restored,) = list_datasets(other)
    assert restored.fingerprint == dataset.fingerprint
    assert (restored.columns, restored.split_config, restored.source) == (
        dataset.columns,
        dataset.split_config,
        dataset.source,
    )
    assert load_table(restored).frame.equals(load_table(dataset).frame)


def test_a_run_without_a_whole_model_is_taken_along_as_it_is_stored(workspace: Workspace) -> None:
    run = finished(workspace, "binary")
    names = zipfile.ZipFile(io.BytesIO(zipped(workspace))).namelist()
    assert f"runs/{run.id}/splits/train.parquet" in names
    assert f"runs/{run.id}/evaluation/result.json" in names
    assert not [name for name in names if name.startswith("models/")]


@pytest.mark.slow
def test_a_model_comes_back_with_its_results(clinic: Run, tmp_path: Path) -> None:
    path = tmp_path / "all.zip"
    path.write_bytes(zipped(workspace_containing(clinic.folder)))
    with zipfile.ZipFile(path) as archive:
        assert f"models/{clinic.id}.zip" in archive.namelist()
        assert not [name for name in archive.namelist() if name.startswith(f"runs/{clinic.id}/model/")]
        assert f"runs/{clinic.id}/events.jsonl" in archive.namelist()
    other = workspace_of("visitor-" + "c" * 32, tmp_path)
    imported = import_takeout(other, path)
    assert (imported.datasets, imported.models, imported.refused) == (1, 1, ())
    (run,) = list_runs(other)
    assert run.logits("test").tolist() == clinic.logits("test").tolist()


def hostile(tmp_path: Path, entries: dict[str, bytes]) -> Path:
    """A zip with these files."""
    path = tmp_path / "hostile.zip"
    with zipfile.ZipFile(path, "w") as archive:
        for name, data in entries.items():
            archive.writestr(name, data)
    return path


def test_names_in_the_zip_lead_nowhere(workspace: Workspace, tmp_path: Path) -> None:
    names = [
        "../../escape",
        "/etc/x",
        "models/../x.zip",
        "datasets/../x/table.parquet",
        "models/a/b.zip",
        "runs/a/run.json",
    ]
    path = hostile(tmp_path, dict.fromkeys(names, b"x"))
    assert not is_takeout(path)
    with pytest.raises(StorageError, match="holds no dataset and no model"):
        import_takeout(workspace, path)
    assert not workspace.root.exists()


def test_one_refused_item_does_not_hinder_the_others(workspace: Workspace, tmp_path: Path) -> None:
    dataset = dataset_in(workspace, "mine")
    good = {name: (dataset.folder / name).read_bytes() for name in ("dataset.json", "table.parquet")}
    record = json.loads(good["dataset.json"])
    entries = {
        "models/evil.zip": b"not a zip",
        **{f"datasets/good/{name}": data for name, data in good.items()},
        "datasets/damaged/dataset.json": good["dataset.json"],
        "datasets/damaged/table.parquet": b"PAR1 damaged PAR1",
        "datasets/alone/table.parquet": good["table.parquet"],
        "datasets/newer/dataset.json": json.dumps(record | {"format_version": 99}).encode(),
        "datasets/newer/table.parquet": good["table.parquet"],
        "datasets/foreign/dataset.json": json.dumps(record | {"columns": "x"}).encode(),
        "datasets/foreign/table.parquet": good["table.parquet"],
    }
    other = workspace_of("visitor-" + "c" * 32)
    imported = import_takeout(other, hostile(tmp_path, entries))
    assert (imported.datasets, imported.models, len(imported.refused)) == (1, 0, 5)
    assert [item.name for item in list_datasets(other)] == ["mine"]
    assert list_runs(other) == []


def test_a_zip_that_is_damaged_or_unpacks_to_too_much_is_refused(
    workspace: Workspace, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    damaged = tmp_path / "damaged.zip"
    damaged.write_bytes(b"PK\x03\x04 and no more")
    assert not is_takeout(damaged)
    with pytest.raises(StorageError, match="damaged"):
        import_takeout(workspace, damaged)
    many = hostile(tmp_path, {f"models/{i}.zip": b"" for i in range(501)})
    with pytest.raises(LimitError, match="more than 500"):
        import_takeout(workspace, many)
    bomb = tmp_path / "bomb.zip"
    with zipfile.ZipFile(bomb, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("datasets/a/dataset.json", b" " * 65_000_000)
        archive.writestr("datasets/a/table.parquet", b"x")
    imported = import_takeout(workspace, bomb)
    assert imported.datasets == 0
    assert "more than is allowed" in imported.refused[0]
