"""A run's folder keeps what was trained on what and how."""

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from core.data.splitting import Splits
from core.errors import RunError, StorageError
from core.run_result import Result
from core.runs import Run, create_run, find_run, list_runs
from core.task import Task
from core.training.config import TrainingConfig
from core.workspace import Workspace
from tests.toy import TOY_SOURCE

TASK = Task("binary", ("a", "b"))


@pytest.fixture
def run(workspace: Workspace) -> Run:
    frame = pd.DataFrame({"row": [0, 1], "text": ["x", "y"], "label": ["a", "b"]})
    return create_run(workspace, Splits(frame, frame, frame, TASK), TrainingConfig(seed=1), "Mine", TOY_SOURCE)


def test_what_was_written_is_read_back(run: Run, workspace: Workspace) -> None:
    again = find_run(workspace, run.id)
    assert again == run
    assert again.splits().fingerprint() == run.split_fingerprint
    assert again.sizes == {"train": 2, "validation": 2, "test": 2}
    assert {"torch", "transformers", "python"} <= set(again.versions)


def test_logits_and_result_are_kept(run: Run) -> None:
    logits = np.asarray([[0.25, -1.5], [3.0, 2.0]], dtype=np.float32)
    run.save_logits("test", "model", logits)
    assert np.array_equal(run.logits("test"), logits)
    assert run.result() is None
    result = Result({"accuracy": 1.0}, {}, {}, 1.0, 2.0, 3.0, 4.0)
    run.save_result(result)
    assert run.result() == result


def test_looks_at_test_are_counted(run: Run) -> None:
    assert run.count_test_views() == 0
    run.record_test_view("here")
    run.record_test_view("there")
    assert run.count_test_views() == 2


def test_rename(run: Run, workspace: Workspace) -> None:
    run.rename(" Better ")
    assert [found.name for found in list_runs(workspace)] == ["Better"]
    with pytest.raises(RunError, match="needs a name"):
        run.rename("  ")


def test_unknown_and_damaged_runs_get_a_sentence(run: Run, workspace: Workspace) -> None:
    with pytest.raises(RunError, match="no run 'nothing'"):
        find_run(workspace, "nothing")
    Path(run.folder / "run.json").write_text("{")
    with pytest.raises(StorageError, match="damaged"):
        find_run(workspace, run.id)


@pytest.mark.parametrize(
    "frame",
    [
        pd.DataFrame({"row": [0], "text": ["x"], "label": ["a"]}),
        pd.DataFrame({"row": [0, 1], "text": [1, 2], "label": ["a", "b"]}),
        pd.DataFrame({"row": [None, None], "text": ["x", "y"], "label": ["a", "b"]}),
        pd.DataFrame({"row": [0, 1], "text": ["x", "y"], "label": ["a", "c"]}),
        pd.DataFrame({"row": [0, 1], "text": ["x", "y"]}),
    ],
)
def test_foreign_rows_of_a_split_are_refused(run: Run, frame: pd.DataFrame) -> None:
    frame.to_parquet(run.folder / "splits" / "test.parquet")
    with pytest.raises(StorageError, match=r"test\.parquet of splits is damaged"):
        run.split("test")
