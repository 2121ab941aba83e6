"""The table of metrics is complete and consistent."""

import numpy as np
import pytest

from core.evaluation.metrics.compute import compute_metrics
from core.evaluation.metrics.definitions import (
    CHART_METRICS,
    COMPARISON_METRICS,
    HEADLINE_METRICS,
    LEARNING_CURVE_METRIC,
    MAIN_METRIC,
    METRICS,
)
from core.task import Task
from tests.evaluation.cases import BINARY, MULTILABEL, REGRESSION, SIX_CLASSES


@pytest.mark.parametrize("task", [BINARY, SIX_CLASSES, MULTILABEL, REGRESSION])
def test_every_metric_of_a_list_is_computed_for_its_task(task: Task) -> None:
    targets = np.eye(2) if task.kind == "multilabel" else np.asarray([0, 1])
    computed = {estimate.name for estimate in compute_metrics(task, targets, np.zeros((2, task.outputs), np.float32))}
    assert computed <= set(METRICS)
    for metrics in (HEADLINE_METRICS, CHART_METRICS, COMPARISON_METRICS):
        assert set(metrics[task.kind]) <= computed
    assert {MAIN_METRIC[task.kind], LEARNING_CURVE_METRIC[task.kind]} <= computed


def test_metrics_that_share_an_axis_have_one_format() -> None:
    for names in CHART_METRICS.values():
        assert len({METRICS[name].format for name in names}) == 1


def test_descriptions_are_one_sentence() -> None:
    for metric in METRICS.values():
        assert metric.description.endswith(".")
        assert ". " not in metric.description
        assert len(metric.description) <= 80


def test_values_and_differences_as_text() -> None:
    accuracy, mae = METRICS["accuracy"], METRICS["mae"]
    assert (accuracy.format_value(0.8142), mae.format_value(0.8142)) == ("81.4%", "0.814")
    assert (accuracy.format_value(float("nan")), mae.format_value(float("nan"))) == ("undefined", "undefined")
    assert (accuracy.format_size(-0.0412), mae.format_size(-0.0412)) == ("4.1 points", "0.0412")
    assert (accuracy.format_difference(0.0412), mae.format_difference(-0.0412)) == ("+4.1", "-0.0412")
