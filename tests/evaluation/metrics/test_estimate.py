"""A metric with its interval as text."""

import math

import numpy as np
import pytest

from core.evaluation.metrics.compute import compute_metrics
from core.evaluation.metrics.estimate import MetricEstimate, interval_sentence
from tests.evaluation.cases import BINARY, by_name, logits_for


def test_the_sentence_gives_the_interval_and_the_number_of_rows() -> None:
    predicted = [0] * 90 + [1] * 10 + [1] * 90 + [0] * 10
    accuracy = by_name(compute_metrics(BINARY, np.repeat([0, 1], 100), logits_for(predicted, 2)))["accuracy"]
    assert interval_sentence(accuracy) == "between 85 and 93%, based on only 200 test rows"
    many_rows = MetricEstimate("accuracy", 0.9, 0.8991, 0.9009, 100_000)
    assert interval_sentence(many_rows) == "between 89.9 and 90.1%, based on 100,000 test rows"
    assert interval_sentence(many_rows, "validation").endswith("based on 100,000 validation rows")
    error = MetricEstimate("mae", 1.5, 1.25, 1.75, 10)
    assert interval_sentence(error) == "between 1.25 and 1.75, based on only 10 test rows"


def test_an_undefined_value_gives_its_note() -> None:
    undefined = MetricEstimate("r2", math.nan, math.nan, math.nan, 1, "Undefined: there is only one row.")
    assert interval_sentence(undefined) == "Undefined: there is only one row."
    assert undefined.text_with_interval == "undefined"


def test_an_unknown_interval() -> None:
    estimate = MetricEstimate("mae", 1.0, math.nan, math.nan, 1)
    assert interval_sentence(estimate) == "with an unknown interval, based on 1 test row"
    assert estimate.text_with_interval == "1.000"


def test_the_value_as_text() -> None:
    assert MetricEstimate("accuracy", 0.814, 0.731, 0.884, 90).text_with_interval == "81.4% (73 to 88)"
    assert MetricEstimate("mae", 0.71, 0.6, 0.82, 90).text_with_interval == "0.710 (0.60 to 0.82)"


def test_a_metric_that_does_not_exist() -> None:
    with pytest.raises(ValueError, match="no metric 'f2'"):
        MetricEstimate("f2", 0.5, 0.4, 0.6, 10)
