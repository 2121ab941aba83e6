"""One damaged file takes no page down. A few kinds of damage run by default, all of them in ``make slow``."""

import json
from pathlib import Path

import pandas as pd
import pytest

from core.data.dataset import list_datasets
from core.experiments.tuning.search import create_search
from core.experiments.tuning.space import SearchRange
from core.jobs import process
from core.runs import list_runs
from core.training.config import TrainingConfig
from core.workspace import Workspace
from tests.finished import finished
from tests.pages.app import PAGES, choose, page_text, visit

RECORDS = (
    "runs/run.json",
    "runs/status.json",
    "runs/events.jsonl",
    "runs/model/decision_rule.json",
    "runs/evaluation/result.json",
    "runs/evaluation/test/measures.json",
    "datasets/dataset.json",
    "searches/search.json",
    "searches/status.json",
)
TABLES = (
    "runs/splits/test.parquet",
    "runs/splits/validation.parquet",
    "runs/evaluation/test/model.parquet",
    "runs/evaluation/validation/model.parquet",
    "runs/evaluation/test/tfidf.parquet",
    "datasets/table.parquet",
)
CONTENTS = {
    "empty": b"",
    "truncated": b'{"format_version": 2, "na',
    "garbage": bytes(range(256)) * 4,
    "foreign": b'["something", "else"]',
    "wrong types": b'{"format_version": 2, "name": 1, "state": [], "thresholds": "x", "validation": 0, "kind": {}, "space": 3}',
    "newer": json.dumps({"format_version": 99}).encode(),
}
_EVERY = [(file, content) for file in RECORDS for content in CONTENTS] + [
    (file, content) for file in TABLES for content in ("empty", "garbage", "a foreign table")
]
_DEFAULT = {("runs/run.json", "garbage"), ("runs/status.json", "wrong types"), ("datasets/dataset.json", "newer")}
_DEFAULT |= {("runs/model/decision_rule.json", "truncated"), ("runs/evaluation/test/model.parquet", "a foreign table")}
_DEFAULT |= {
    ("datasets/table.parquet", "garbage"),
    ("searches/search.json", "foreign"),
    ("runs/events.jsonl", "garbage"),
}
DAMAGES = [
    pytest.param(file, content, marks=() if (file, content) in _DEFAULT else pytest.mark.slow)
    for file, content in _EVERY
]


@pytest.fixture
def workspace_with_everything(empty: Workspace) -> Workspace:
    finished(empty, "binary", "Whole run")
    broken = finished(empty, "binary", "A broken run")
    process.write_status(broken.folder, "finished")
    (broken.folder / "events.jsonl").write_text("")
    dataset = list_datasets(empty)[0]
    search = create_search(empty, dataset, TrainingConfig(), [SearchRange("learning_rate", 1e-5, 1e-3)], 2)
    process.write_status(search.folder, "stopped")
    return empty


def damage(workspace: Workspace, file: str, content: str) -> Path:
    """Overwrite a file of the broken run, the newest dataset or the search."""
    kind, _, name = file.partition("/")
    folders = {
        "runs": lambda: next(run.folder for run in list_runs(workspace) if run.name == "A broken run"),
        "datasets": lambda: list_datasets(workspace)[0].folder,
        "searches": lambda: next(workspace.searches.glob("[!.]*")),
    }
    path: Path = folders[kind]() / name
    assert path.exists()
    if content == "a foreign table":
        pd.DataFrame({"something": ["else"]}).to_parquet(path)
    else:
        path.write_bytes(CONTENTS[content])
    return path


@pytest.mark.parametrize(("file", "content"), DAMAGES)
def test_every_page_stands(file: str, content: str, workspace_with_everything: Workspace) -> None:
    damage(workspace_with_everything, file, content)
    for page in PAGES:
        at = visit(page)
        assert not at.exception, (page, at.exception)
        assert at.title, page


@pytest.mark.parametrize(
    ("file", "page"),
    [("runs/run.json", "models"), ("datasets/dataset.json", "data"), ("searches/search.json", "train")],
)
def test_a_damaged_folder_is_shown_with_what_is_wrong_and_can_be_deleted(
    file: str, page: str, workspace_with_everything: Workspace
) -> None:
    path = damage(workspace_with_everything, file, "truncated")
    at = visit(page)
    if page == "data":
        choose(at, "Source", "Saved datasets")
    assert f"{path.name} of {path.parent.name} is damaged: it is not valid JSON" in page_text(at)
    at.button(key=f"confirm-delete-{path.parent.name}").click().run()
    assert not at.exception
    assert not path.parent.exists()
