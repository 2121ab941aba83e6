"""The numbers of the demo run that Home draws."""

from core.data.samples import CLINIC
from core.experiments.showcase import read_showcase, summarize
from core.run_evaluation import metric_estimates
from core.runs import MODEL
from core.workspace import Workspace
from tests.finished import finished


def test_the_numbers_that_ship_are_of_a_run_that_learned() -> None:
    showcase = read_showcase()
    losses = list(showcase.losses.values())
    assert losses[-1] < losses[0] / 2
    assert 0.18 < showcase.test_rows / len(CLINIC.read()) < 0.22
    by_source = {score.source: score for score in showcase.scores}
    assert by_source["Majority class"].high < by_source["This model"].low
    assert all(score.low <= score.value <= score.high for score in showcase.scores)


def test_a_summary_holds_the_test_accuracy_of_a_run(workspace: Workspace) -> None:
    run = finished(workspace, "multiclass")
    scores = summarize(run).scores
    accuracy = next(estimate for estimate in metric_estimates(run, "test")[MODEL] if estimate.name == "accuracy")
    assert scores[0].source == "This model"
    assert scores[0].value == round(accuracy.value, 4)
