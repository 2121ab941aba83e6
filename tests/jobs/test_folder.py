"""A job folder: its input, its status, and a result that counts only if it can be read."""

from dataclasses import dataclass
from pathlib import Path

import pytest

from core.errors import StorageError
from core.jobs import queue
from core.jobs.folder import JobFolder, read_input
from core.storage import read_record, write_record
from tests.jobs.damage import DAMAGES, damage


@pytest.fixture
def job(tmp_path: Path) -> JobFolder:
    return JobFolder(tmp_path / "deep" / "job", "no-such-command", "result.json", {"encoder": "bert"})


@dataclass(frozen=True)
class Input:
    encoder: str


def read_score(path: Path) -> float:
    score = read_record(path).get("score")
    if not isinstance(score, float):
        raise StorageError("result.json is damaged.")
    return score


def test_a_job_that_was_never_started_has_neither_status_nor_result(job: JobFolder) -> None:
    assert job.status() is None
    assert not job.is_done
    assert job.load_result(read_score) is None


def test_starting_stores_the_input(job: JobFolder, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("STUDIO_HOME", str(tmp_path))
    job.start()
    assert read_input(job.path, Input) == Input("bert")
    assert job.status() is not None
    queue.stop(job.path)


def test_a_result_is_read(job: JobFolder) -> None:
    write_record(job.result_path, {"score": 0.5})
    assert job.is_done
    assert job.load_result(read_score) == 0.5


@pytest.mark.parametrize("kind", DAMAGES)
def test_a_damaged_result_counts_as_none(kind: str, job: JobFolder) -> None:
    write_record(job.result_path, {"score": 0.5})
    damage(job.result_path, kind, "score")
    assert job.load_result(read_score) is None


@pytest.mark.parametrize("kind", DAMAGES)
def test_a_damaged_input_is_an_error_with_a_sentence(kind: str, job: JobFolder) -> None:
    write_record(job.path / "input.json", {"encoder": "bert"})
    damage(job.path / "input.json", kind, "encoder")
    with pytest.raises(StorageError, match=r"input\.json of job"):
        read_input(job.path, Input)
