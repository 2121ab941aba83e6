"""A search tries settings for real, can be stopped, gone on with, joined, and turned into a run."""

import pytest

from core.data.columns import ColumnChoice
from core.data.dataset import Dataset, save_dataset
from core.data.reading.files import read_bytes
from core.data.splitting import SplitConfig
from core.errors import ConfigError, RunError
from core.experiments.tuning.search import Search, create_best_run, create_search, list_searches
from core.experiments.tuning.space import SearchRange
from core.experiments.tuning.trials import work
from core.jobs import process
from core.training.config import TrainingConfig
from core.workspace import Workspace
from tests.training.test_trainer import toy

SPACE = (SearchRange("learning_rate", 1e-4, 1e-2, "log"), SearchRange("epochs", 1, 3, "whole"))


@pytest.fixture
def search(workspace: Workspace, tiny_encoder: str) -> Search:
    frame = toy("binary").train
    lines = [f"{text},{label}" for text, label in zip(frame["text"], frame["label"], strict=True)]
    table = read_bytes(("text,label\n" + "\n".join(lines)).encode(), "toy.csv")
    dataset: Dataset = save_dataset(workspace, table, ColumnChoice("text", "label", "binary"), SplitConfig(), "Toy")
    config = TrainingConfig(encoder=tiny_encoder, max_length=16, batch_size=8)
    return create_search(workspace, dataset, config, SPACE, 6)


def test_trials_are_made_and_the_best_can_be_trained(search: Search, workspace: Workspace) -> None:
    with pytest.raises(RunError, match="No trial"):
        create_best_run(workspace, search)
    work(search, workspace.home)
    table = search.table()
    assert len(table) == 6
    assert set(table["state"]) <= {"complete", "pruned"}
    assert table["learning_rate"].between(1e-4, 1e-2).all()
    assert table["epochs"].isin([1, 2, 3]).all()
    assert process.read_status(search.folder).state == "finished"
    best = search.best()
    assert best is not None
    winner = table[table["state"] == "complete"].sort_values("value").iloc[-1]
    assert table.loc[table["learning_rate"] == best.learning_rate, "value"].item() == winner["value"]
    assert best.batch_size == 8
    run = create_best_run(workspace, search)
    assert run.record.config["learning_rate"] == best.learning_rate
    assert [found.id for found in list_searches(workspace)] == [search.id]
    assert sum(search.importance().values()) == pytest.approx(1.0) or search.importance() == {}


def test_a_search_goes_on_where_it_was_left(search: Search, workspace: Workspace) -> None:
    study = search.study()
    trial = study.ask()
    study.tell(trial, 0.5)  # as if another process had made it
    work(search, workspace.home)
    assert len(search.table()) == 6
    assert not list(search.folder.glob("trial-*"))


@pytest.mark.parametrize(
    ("name", "low", "high", "said"),
    [
        ("speed", 0.0, 1.0, "no setting"),
        ("dropout", 0.4, 0.1, "range of dropout"),
        ("dropout", 0.1, 0.9, "within 0 and 0.5"),
    ],
)
def test_an_impossible_range_is_refused(name: str, low: float, high: float, said: str) -> None:
    with pytest.raises(ConfigError, match=said):
        SearchRange(name, low, high)
