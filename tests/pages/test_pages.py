"""What all pages have in common: they work with an empty workspace, with a finished run, and beside damaged folders."""

import json
import math

import pytest

from core.data.dataset import list_datasets
from core.experiments.tuning.search import create_search
from core.experiments.tuning.space import SEARCH_RANGES
from core.jobs import process
from core.runs import Run
from core.training.config import TrainingConfig
from core.workspace import Workspace
from tests.finished import finished
from tests.pages.app import PAGES, choose, click, find, page_text, visit


@pytest.mark.parametrize("page", PAGES)
def test_every_page_works_with_an_empty_workspace(page: str, empty: Workspace) -> None:
    at = visit(page)
    assert not at.exception
    assert not at.error
    assert len(at.title) == 1


@pytest.mark.parametrize("page", PAGES)
def test_every_page_works_with_a_finished_run(page: str, clinic_run: Run) -> None:
    at = visit(page)
    assert not at.exception
    assert not at.error


@pytest.mark.parametrize(
    ("page", "sentence"),
    [
        ("train", "There is no dataset yet."),
        ("evaluate", "There is no trained model yet."),
        ("models", "There is no model yet."),
    ],
)
def test_an_empty_page_says_what_to_do_first(page: str, sentence: str, empty: Workspace) -> None:
    assert visit(page).info[0].value.startswith(sentence)


@pytest.fixture
def everything(empty: Workspace) -> Workspace:
    """A workspace with a dataset, a run and a search, and another run that stays intact."""
    finished(empty, "binary", "The intact run")
    finished(empty, "multiclass", "The damaged run")
    (dataset, _) = list_datasets(empty)
    search = create_search(empty, dataset, TrainingConfig(), [SEARCH_RANGES["epochs"]], 3)
    process.write_status(search.folder, "stopped")
    return empty


def test_a_result_without_metrics_is_listed(everything: Workspace) -> None:
    path = next(everything.runs.glob("*-the-damaged-run-*")) / "evaluation" / "result.json"
    path.write_text(json.dumps(json.loads(path.read_text()) | {"validation": {}}))
    scores = visit("models").dataframe[0].value.set_index("Name")["Validation score"]
    assert math.isnan(scores["The damaged run"])
    assert scores["The intact run"] == 0.9


@pytest.mark.parametrize(
    ("parent", "file", "page"),
    [("runs", "run.json", "models"), ("datasets", "dataset.json", "data"), ("searches", "search.json", "train")],
)
def test_a_damaged_folder_is_shown_and_deleted_after_confirmation(
    parent: str, file: str, page: str, everything: Workspace
) -> None:
    folder = max((everything.root / parent).iterdir())
    (folder / file).write_bytes(b"")
    at = visit(page)
    if page == "data":
        choose(at, "Source", "Saved datasets")
    assert f"{folder.name} cannot be opened" in page_text(at).replace("*", "")
    assert f"{file} of {folder.name} is damaged" in page_text(at)
    assert folder.exists()
    find(at.button, "Delete permanently").click().run()
    assert not at.exception
    assert not folder.exists()
    assert folder.name not in page_text(at)


def test_a_run_with_a_damaged_result_is_listed_as_damaged(everything: Workspace) -> None:
    folder = max(everything.runs.iterdir())
    (folder / "evaluation" / "result.json").write_bytes(b"[]")
    assert "result.json" in page_text(visit("models"))
    at = visit("home")
    assert len([button for button in at.button if button.label == "Evaluate"]) == 1


def test_a_dataset_with_a_damaged_table_can_still_be_deleted(empty: Workspace) -> None:
    finished(empty, "binary")
    (dataset,) = list_datasets(empty)
    (dataset.folder / "table.parquet").write_bytes(b"PAR1")
    at = visit("data")
    choose(at, "Source", "Saved datasets")
    assert "table.parquet" in at.error[0].value.replace("\\", "")
    click(at, "Delete permanently")
    assert list_datasets(empty) == []


def test_a_new_name_is_shown_on_every_page(clinic_run: Run) -> None:
    at = visit("models")
    find(at.text_input, "Name").set_value("A better name")
    click(at, "Save the name")
    for page in ("evaluate", "predict"):
        assert any("A better name" in option for option in find(visit(page).selectbox, "Model").options)
