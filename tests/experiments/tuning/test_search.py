"""A search runs trials, can be stopped and resumed, and its best settings make a run."""

import pytest

from core.errors import ConfigError, RunError, StorageError
from core.experiments.tuning.search import Search, create_best_run, list_searches
from core.experiments.tuning.space import SearchRange
from core.experiments.tuning.trials import run_search
from core.jobs import process
from core.workspace import Workspace
from tests.experiments.tuning.cases import make_search


@pytest.fixture
def search(workspace: Workspace, tiny_encoder: str) -> Search:
    return make_search(workspace, tiny_encoder)


def test_a_search_runs_its_trials_and_the_best_settings_make_a_run(search: Search, workspace: Workspace) -> None:
    with pytest.raises(RunError, match="No trial has finished"):
        create_best_run(workspace, search)
    run_search(search, workspace.home)
    table = search.table()
    assert len(table) == 6
    assert set(table["state"]) <= {"complete", "pruned"}
    assert table["learning_rate"].between(1e-4, 1e-2).all()
    assert table["epochs"].isin([1, 2, 3]).all()
    assert process.read_status(search.folder).state == "finished"
    assert len(list((search.folder / "features").iterdir())) == 1  # all trials share one pass over the texts
    best = search.best()
    assert best is not None
    best_trial = table[table["state"] == "complete"].sort_values("value").iloc[-1]
    assert table.loc[table["learning_rate"] == best.learning_rate, "value"].item() == best_trial["value"]
    assert best.batch_size == 8
    run = create_best_run(workspace, search)
    assert run.config.learning_rate == best.learning_rate
    assert [listed.id for listed in list_searches(workspace)] == [search.id]


def test_the_importance_of_settings_sums_to_1(search: Search) -> None:
    study = search.study()
    assert search.importance() == {}
    for rate, epochs, score in ((1e-4, 1, 0.1), (2e-4, 3, 0.2), (5e-4, 2, 0.4), (1e-3, 1, 0.5), (5e-3, 3, 0.8)):
        study.enqueue_trial({"learning_rate": rate, "epochs": epochs})
        trial = study.ask()
        for setting in search.space:
            setting.suggest(trial)
        study.tell(trial, score)
    assert sum(search.importance().values()) == pytest.approx(1.0)


@pytest.mark.parametrize("content", [b"\x00\xff garbage\n{}\n", b"[1, 2]\n", b'{"op_code": 99}\n{"op_code": 0}\n'])
def test_a_damaged_journal_is_an_error_with_a_sentence(content: bytes, search: Search) -> None:
    (search.folder / "journal.log").write_bytes(content)
    with pytest.raises(StorageError, match=r"journal\.log of .* is damaged"):
        search.table()


@pytest.mark.slow
def test_a_search_continues_from_its_journal(search: Search, workspace: Workspace) -> None:
    study = search.study()
    trial = study.ask()
    study.tell(trial, 0.5)  # as if another process had run it
    run_search(search, workspace.home)
    assert len(search.table()) == 6
    assert not list(search.folder.glob("trial-*"))


@pytest.mark.parametrize(
    ("name", "low", "high", "message"),
    [
        ("speed", 0.0, 1.0, "not a setting that can be searched"),
        ("dropout", 0.4, 0.1, "range of dropout"),
        ("dropout", 0.1, 0.9, "within 0 and 0.5"),
    ],
)
def test_an_invalid_range_is_refused(name: str, low: float, high: float, message: str) -> None:
    with pytest.raises(ConfigError, match=message):
        SearchRange(name, low, high)
