"""What is kept of a finished run, and the run beside its baselines."""

from dataclasses import replace

import pytest

from core import decision_rule, run_evaluation
from core.runs import MODEL
from core.workspace import Workspace
from tests.finished import TASKS, finished


@pytest.mark.parametrize("kind", TASKS)
def test_measures_are_kept_and_measured_again_after_another_decision(kind: str, workspace: Workspace) -> None:
    run = finished(workspace, kind)
    path = run.folder / "evaluation" / "test" / "measures.json"
    first, written = run_evaluation.metric_estimates(run, "test"), path.stat().st_mtime_ns
    assert set(first) == {MODEL, "majority", "tfidf", "instant"}
    assert all(each.low <= each.value <= each.high for each in first[MODEL] if each.low == each.low)
    assert repr(run_evaluation.metric_estimates(run, "test")) == repr(first)
    assert path.stat().st_mtime_ns == written
    if kind == "binary":
        decision_rule.save(replace(decision_rule.load(run.model_folder), thresholds=(0.99,)), run.model_folder)
        assert run_evaluation.metric_estimates(run, "test")[MODEL][0].value < first[MODEL][0].value


@pytest.mark.parametrize("kind", TASKS)
def test_each_baseline_has_a_sentence_on_whether_fine_tuning_helped(kind: str, workspace: Workspace) -> None:
    good = run_evaluation.compare_with_baselines(finished(workspace, kind), "test")
    assert [result.baseline for result in good] == ["Instant model", "TF-IDF + linear"]
    assert good[1].sentence.startswith("Fine-tuning helped: ")
    useless = run_evaluation.compare_with_baselines(finished(workspace, kind, knows=0.8), "validation")
    assert not useless[0].comparison.better
    assert not useless[0].sentence.startswith("Fine-tuning helped")
    assert "test rows" not in useless[0].sentence
