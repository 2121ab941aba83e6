"""The closer look at a data set, as the child process does it."""

import time

from core.analysis import dataset as dataset_analysis
from core.analysis.dataset import DatasetAnalysis
from core.data.columns import ColumnChoice
from core.data.dataset import Dataset, change_repairs, find_dataset, load_labelled, save_dataset
from core.data.reading.files import paste
from core.data.repairs import Repair
from core.data.splitting import SplitConfig
from core.workspace import Workspace

KINDS = {"cat": "purring on the sofa", "dog": "barking in the garden"}
ROWS = [f"a {name} number {i} is {what},{name}" for i in range(30) for name, what in KINDS.items()]


def stored(workspace: Workspace) -> Dataset:
    rows = [*ROWS, "a dog without a number is barking in the garden,cat"]
    table = paste("\n".join(["text,label", *rows]))
    return save_dataset(workspace, table, ColumnChoice("text", "label", "binary"), SplitConfig(), "Animals")


def test_a_wrong_label_is_found_and_corrected(workspace: Workspace) -> None:
    dataset = stored(workspace)
    look = DatasetAnalysis.of(dataset)
    assert look.status() is None
    dataset_analysis.start(dataset)
    for _ in range(600):
        status = look.status()
        if status is not None and not status.active:
            break
        time.sleep(0.1)
    assert look.done, status
    rows = look.rows()
    assert len(rows) == len(load_labelled(dataset))
    worst = rows.sort_values("score", ascending=False).iloc[0]
    assert "without a number" in worst["text"]
    assert worst["answer"] == "dog"
    corrected = change_repairs(
        dataset, [Repair("relabel", {"changes": [{"text": worst["text"], "was": "cat", "now": "dog"}]})]
    )
    assert find_dataset(workspace, dataset.id).fingerprint == corrected.fingerprint != dataset.fingerprint
    assert not DatasetAnalysis.of(corrected).done
    frame = load_labelled(corrected).frame
    assert frame[frame["text"] == worst["text"]][["label", "was"]].to_numpy().tolist() == [["dog", "cat"]]
