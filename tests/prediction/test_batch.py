"""Predictions of files as jobs: created from a path or an upload, stopped, continued, listed."""

import io
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
from filelock import FileLock

from core.data.table import ReadOptions
from core.errors import DataError, LimitError, ModelError, RunError, StudioError
from core.jobs import events, process
from core.jobs.events import Phase, Progress, ignore_event
from core.prediction import batch_file
from core.prediction.batch import (
    Upload,
    create_batch,
    damaged_batches,
    list_batches,
    model_folder_of,
    run_batch,
)
from core.prediction.batch_file import predict_in_shards
from core.storage import write_record
from core.workspace import Workspace
from tests.jobs.damage import DAMAGES, damage
from tests.prediction.batch_cases import MadeEngine, loader, make_model, make_request, write_texts


@pytest.fixture(autouse=True)
def _small_shards(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(batch_file, "SHARD_ROWS", 10)


@pytest.fixture
def run_folder(workspace: Workspace) -> Path:
    folder = workspace.runs / "a-run"
    make_model(folder / "model")
    (folder / "run.json").write_text("{}")
    return folder


def test_a_prediction_is_created_run_and_found_again(workspace: Workspace, run_folder: Path, tmp_path: Path) -> None:
    source = write_texts(tmp_path / "My texts.csv", 35)
    batch = create_batch(workspace, run_folder, source, "text", "csv")
    assert (batch.name, batch.rows, batch.column) == ("My texts.csv", 35, "text")
    assert batch.folder.parent == workspace.predictions
    assert batch.download_name == "My texts-predictions.csv"
    assert (batch.summary(), batch.job.is_done, batch.job.status()) == (
        None,
        False,
        None if False else batch.job.status(),
    )
    run_batch(batch.folder, load=loader(MadeEngine()))
    assert list_batches(workspace) == [batch]
    assert batch.job.is_done
    assert process.read_status(batch.folder).state == "finished"
    summary = batch.summary()
    assert summary is not None
    assert (summary.rows, summary.problems) == (35, 0)
    assert len(batch.output.read_text().splitlines()) == 36
    assert sorted(path.name for path in batch.folder.iterdir()) == [
        "events.jsonl",
        "input.json",
        "predictions.csv",
        "status.json",
        "summary.json",
    ]
    phases = [event.name for event in events.read(batch.folder) if isinstance(event, Phase)]
    assert phases == ["waiting", "reading", "loading", "predicting", "writing"]


def test_an_upload_is_copied_and_needs_its_file_no_longer(workspace: Workspace, run_folder: Path) -> None:
    file = io.BytesIO(b'{"text": "a"}\n{"text": "b"}\n')
    file.read()
    batch = create_batch(workspace, run_folder, Upload("../rows.jsonl", file), "text", "jsonl")
    file.close()
    assert (batch.folder / "upload").read_bytes() == b'{"text": "a"}\n{"text": "b"}\n'
    run_batch(batch.folder, load=loader(MadeEngine()))
    assert len(batch.output.read_text().splitlines()) == 2
    assert batch.download_name == "rows-predictions.jsonl"


def test_an_upload_is_read_as_its_options_say_also_when_it_continues(workspace: Workspace, run_folder: Path) -> None:
    upload = Upload("x.csv", io.BytesIO(b"text^other\na^b\nc^d\n"), ReadOptions(delimiter="^", header=False))
    batch = create_batch(workspace, run_folder, upload, "column 1", "csv")
    assert list_batches(workspace) == [batch]
    assert batch.rows == 3
    run_batch(batch.folder, load=loader(MadeEngine()))
    assert batch.output.read_text("utf-8-sig").startswith("column 1,column 2,label")


def test_a_workspace_can_be_moved_with_its_runs(workspace: Workspace, run_folder: Path) -> None:
    batch = create_batch(workspace, run_folder, Upload("x.csv", io.BytesIO(b"text\na\nb\n")), "text", "csv")
    assert batch.run_folder == run_folder
    moved = Workspace(workspace.root.with_name("moved"), workspace.home)
    shutil.move(workspace.root, moved.root)
    [batch] = list_batches(moved)
    assert batch.run_folder == moved.runs / "a-run"
    run_batch(batch.folder, load=loader(MadeEngine()))
    assert batch.job.is_done


def test_a_folder_of_a_model_can_be_given_instead_of_a_run(workspace: Workspace, tmp_path: Path) -> None:
    model = make_model(tmp_path / "bundle")
    batch = create_batch(workspace, model, write_texts(tmp_path / "x.csv", 3), "text", "csv")
    assert model_folder_of(batch.run_folder) == model


@pytest.mark.parametrize(
    ("content", "column", "output_format", "error", "message"),
    [
        (b"", "text", "csv", DataError, "x.csv is empty"),
        (b"text\n", "text", "csv", DataError, "a header line but no rows"),
        (b"text\na\n", "body", "csv", DataError, "no column 'body'"),
        (b"text\na\nb\n", "text", "xlsx", LimitError, "up to 1 rows"),
    ],
)
def test_what_cannot_be_predicted_is_refused_before_anything_is_stored(
    content: bytes,
    column: str,
    output_format: str,
    error: type[StudioError],
    message: str,
    workspace: Workspace,
    run_folder: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("core.prediction.batch_output._EXCEL_ROWS", 2)
    with pytest.raises(error, match=message):
        create_batch(workspace, run_folder, Upload("x.csv", io.BytesIO(content)), column, output_format)  # type: ignore[arg-type]
    assert list_batches(workspace) == []
    assert not list(workspace.predictions.glob("*/*/*"))


def test_a_run_without_a_model_and_a_missing_file_are_refused(
    workspace: Workspace, run_folder: Path, tmp_path: Path
) -> None:
    with pytest.raises(DataError, match="There is no file"):
        create_batch(workspace, run_folder, tmp_path / "missing.csv", "text", "csv")
    shutil.rmtree(run_folder / "model")
    with pytest.raises(ModelError, match="has no model"):
        create_batch(workspace, run_folder, write_texts(tmp_path / "x.csv", 3), "text", "csv")


def test_an_input_that_was_deleted_is_reported_in_the_status(
    workspace: Workspace, run_folder: Path, tmp_path: Path
) -> None:
    source = write_texts(tmp_path / "x.csv", 3)
    batch = create_batch(workspace, run_folder, source, "text", "csv")
    source.unlink()
    with pytest.raises(DataError, match="There is no file"):
        run_batch(batch.folder, load=loader(MadeEngine()))
    assert process.read_status(batch.folder).state == "failed"


def test_a_failed_prediction_continues(workspace: Workspace, run_folder: Path, tmp_path: Path) -> None:
    source = tmp_path / "x.csv"
    source.write_text("text\n" + "fine\n" * 25 + "explode\n" + "fine\n" * 10)
    batch = create_batch(workspace, run_folder, source, "text", "csv")
    with pytest.raises(ValueError, match="boom"):
        run_batch(batch.folder, load=loader(MadeEngine()))
    assert "boom" in process.read_status(batch.folder).message

    engine = MadeEngine(fails=False)
    run_batch(batch.folder, load=loader(engine))
    assert len(engine.texts) == 16
    assert batch.job.is_done


SCRIPT = """
import sys
from pathlib import Path
from core.prediction import batch_file
from core.prediction.batch import run_batch
from tests.prediction.batch_cases import MadeEngine, loader
batch_file.SHARD_ROWS = 10
run_batch(Path(sys.argv[1]), load=loader(MadeEngine(seconds=0.01)))
"""


def test_a_stopped_job_keeps_its_shards_and_continues(workspace: Workspace, run_folder: Path, tmp_path: Path) -> None:
    source = write_texts(tmp_path / "x.csv", 500)
    batch = create_batch(workspace, run_folder, source, "text", "csv")
    child = subprocess.Popen([sys.executable, "-c", SCRIPT, str(batch.folder)])
    while not list((batch.folder / "shards").rglob("000002.json")):
        time.sleep(0.02)
        assert child.poll() is None
    child.send_signal(signal.SIGTERM)
    assert child.wait(timeout=30) == 0
    assert process.read_status(batch.folder).state == "stopped"
    assert not batch.job.is_done
    recorded = [event for event in events.read(batch.folder) if isinstance(event, Progress)]
    assert 0 < recorded[-1].done < 500
    complete = len(list((batch.folder / "shards").rglob("0*.json")))
    engine = MadeEngine()
    run_batch(batch.folder, load=loader(engine))
    assert len(engine.texts) == 500 - 10 * complete
    (tmp_path / "once").mkdir()
    once = make_request(tmp_path / "once", source)
    predict_in_shards(once, loader(MadeEngine()), ignore_event)
    assert batch.output.read_bytes() == once.output.read_bytes()


def test_a_second_process_on_the_same_job_is_refused(workspace: Workspace, run_folder: Path, tmp_path: Path) -> None:
    source = tmp_path / "x.csv"
    source.write_text("text\n" + "fine\n" * 15 + "explode\n")
    batch = create_batch(workspace, run_folder, source, "text", "csv")
    with pytest.raises(ValueError, match="boom"):
        run_batch(batch.folder, load=loader(MadeEngine()))
    [shards] = (batch.folder / "shards").iterdir()
    with (
        FileLock(shards / "000001.lock"),
        pytest.raises(RunError, match=r"Another process is already predicting x.csv"),
    ):
        run_batch(batch.folder, load=loader(MadeEngine(fails=False)))
    run_batch(batch.folder, load=loader(MadeEngine(fails=False)))
    assert batch.job.is_done


@pytest.mark.parametrize("kind", DAMAGES)
def test_a_damaged_prediction_is_listed_apart(
    kind: str, workspace: Workspace, run_folder: Path, tmp_path: Path
) -> None:
    source = write_texts(tmp_path / "x.csv", 3)
    good, bad = (create_batch(workspace, run_folder, source, "text", "csv") for _ in range(2))
    damage(bad.folder / "input.json", kind, "column")
    assert list_batches(workspace) == [good]
    assert [folder.folder for folder in damaged_batches(workspace)] == [bad.folder]


@pytest.mark.parametrize("kind", DAMAGES)
def test_a_damaged_summary_counts_as_none(kind: str, workspace: Workspace, run_folder: Path, tmp_path: Path) -> None:
    batch = create_batch(workspace, run_folder, write_texts(tmp_path / "x.csv", 3), "text", "csv")
    write_record(batch.folder / "summary.json", {"rows": 3, "unsure": 0, "problems": 0, "labels": {"a": 3}})
    assert batch.summary() is not None
    damage(batch.folder / "summary.json", kind, "rows")
    assert batch.summary() is None
