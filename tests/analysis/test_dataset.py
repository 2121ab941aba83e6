"""The analysis of a dataset: as its child process runs it, and what a damaged result does."""

import json
import time

import pytest

from core.analysis.dataset import analysis_job, read_analysis
from core.data.columns import ColumnChoice
from core.data.dataset import Dataset, find_dataset, load_labeled, save_dataset
from core.data.reading.files import read_pasted
from core.data.repairs import Repair
from core.data.splitting import SplitConfig
from core.workspace import Workspace

KINDS = {"cat": "purring on the sofa", "dog": "barking in the garden"}
ROWS = [f"a {name} number {i} is {text},{name}" for i in range(30) for name, text in KINDS.items()]


@pytest.fixture
def dataset(workspace: Workspace) -> Dataset:
    rows = [*ROWS, "a dog without a number is barking in the garden,cat"]
    table = read_pasted("\n".join(["text,label", *rows]))
    return save_dataset(workspace, table, ColumnChoice("text", "label", "binary"), SplitConfig(), "Animals")


def test_a_wrong_label_is_found_and_corrected(workspace: Workspace, dataset: Dataset) -> None:
    job = analysis_job(dataset)
    assert job.status() is None
    assert read_analysis(job) is None
    job.start()
    while (status := job.status()) is not None and status.active:
        time.sleep(0.1)
    rows = read_analysis(job)
    assert rows is not None, status
    assert len(rows) == len(load_labeled(dataset))
    worst = rows.sort_values("score", ascending=False).iloc[0]
    assert "without a number" in worst["text"]
    assert worst["answer"] == "dog"
    corrected = dataset.change_repairs(
        [Repair("relabel", {"changes": [{"text": worst["text"], "was": "cat", "now": "dog"}]})]
    )
    assert find_dataset(workspace, dataset.id).fingerprint == corrected.fingerprint != dataset.fingerprint
    assert not analysis_job(corrected).is_done
    frame = load_labeled(corrected).frame
    assert frame[frame["text"] == worst["text"]][["label", "was"]].to_numpy().tolist() == [["dog", "cat"]]


@pytest.mark.parametrize(
    "content",
    [b"", b"PAR1", b"\x00\xff" * 500, json.dumps([1, 2]).encode()],
    ids=["empty", "truncated", "garbage", "another format"],
)
def test_a_damaged_result_counts_as_none(content: bytes, dataset: Dataset) -> None:
    job = analysis_job(dataset)
    job.path.mkdir()
    job.result_path.write_bytes(content)
    assert read_analysis(job) is None


def test_a_result_without_a_needed_column_counts_as_none(dataset: Dataset) -> None:
    job = analysis_job(dataset)
    job.path.mkdir()
    load_labeled(dataset).frame[["row", "text", "label"]].to_parquet(job.result_path)
    assert read_analysis(job) is None
