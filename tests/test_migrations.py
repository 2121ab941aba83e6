"""A workspace of version 0.1 opens: its datasets, runs, searches and models mean what they meant."""

from pathlib import Path

import pytest

from core import decision_rule, run_evaluation
from core.data.dataset import damaged_datasets, list_datasets, load_labeled
from core.experiments.tuning.search import damaged_searches, list_searches
from core.models.classifier import load_classifier
from core.prediction.predict import predict
from core.runs import damaged_runs, find_run, list_runs
from core.workspace import Workspace
from tests import legacy


@pytest.fixture
def expected(workspace: Workspace) -> dict[str, dict[str, object]]:
    return legacy.extract(workspace.home)


def test_everything_is_listed_and_nothing_is_damaged(
    workspace: Workspace, expected: dict[str, dict[str, object]]
) -> None:
    assert len(list_datasets(workspace)) == 4
    assert len(list_runs(workspace)) == 7
    assert len(list_searches(workspace)) == 1
    assert [*damaged_datasets(workspace), *damaged_runs(workspace), *damaged_searches(workspace)] == []
    for dataset in list_datasets(workspace):
        assert len(load_labeled(dataset)) == dataset.rows


def test_settings_have_their_new_names(workspace: Workspace, expected: dict[str, dict[str, object]]) -> None:
    run = find_run(workspace, str(expected["multiclass"]["run"]))
    assert (run.config.token_mask_rate, run.config.class_weight_power, run.config.epochs) == (0.1, 0.5, 2)
    assert run.split_config.group_near_duplicates
    seeds = [run for run in list_runs(workspace) if run.group]
    assert {(run.group.kind, run.group.size) for run in seeds if run.group} == {("seeds", 2)}
    (search,) = list_searches(workspace)
    assert [setting.name for setting in search.space] == ["learning_rate", "class_weight_power"]
    assert set(search.table()["state"]) == {"complete"}
    best = search.best()
    assert best is not None
    assert 0 <= best.class_weight_power <= 1


@pytest.mark.parametrize("kind", ["binary", "multiclass", "multilabel", "regression"])
def test_models_predict_what_they_predicted(
    workspace: Workspace, expected: dict[str, dict[str, object]], kind: str
) -> None:
    record = expected[kind]
    run = find_run(workspace, str(record["run"]))
    texts, then = record["texts"], record["answers"]
    assert isinstance(texts, list)
    assert isinstance(then, list)
    now = predict(load_classifier(run.model_folder), texts, decision_rule.load(run.model_folder)).to_records()
    for new, old in zip(now, then, strict=True):
        assert new.get("sure") == old.get("sure")
        assert new["probabilities"] == pytest.approx(old["probabilities"], abs=2e-5)
        assert new["label"] == (pytest.approx(old["label"], abs=1e-5) if kind == "regression" else old["label"])


@pytest.mark.parametrize("kind", ["binary", "multiclass", "multilabel", "regression"])
def test_stored_logits_are_those_of_the_model(
    workspace: Workspace, expected: dict[str, dict[str, object]], kind: str
) -> None:
    run = find_run(workspace, str(expected[kind]["run"]))
    stored = run_evaluation.load_predictions(run, "test")
    logits = load_classifier(run.model_folder).logits(run.split("test")["text"].tolist())
    assert logits == pytest.approx(stored.logits, abs=2e-4)
    assert run.result() is not None
    assert {estimate.name for estimate in run_evaluation.metric_estimates(run, "test")["model"]}


def test_a_run_that_died_can_be_changed_and_is_written_in_the_present_format(
    workspace: Workspace, expected: dict[str, dict[str, object]]
) -> None:
    (died,) = [run for run in list_runs(workspace) if run.name == "Old died run"]
    renamed = died.rename("Renamed")
    assert find_run(workspace, died.id) == renamed
    assert '"format_version": 2' in Path(died.folder / "run.json").read_text(encoding="utf-8")
