"""A figure in a sentence."""

import numpy as np

from core.evaluation.metrics.compute import compute_metrics
from core.evaluation.metrics.estimate import MetricEstimate, interval_sentence
from tests.evaluation.metrics.test_compute import TWO, logits_of, named


def test_the_sentence() -> None:
    found = named(compute_metrics(TWO, np.repeat([0, 1], 100), logits_of([0] * 90 + [1] * 10 + [1] * 90 + [0] * 10, 2)))
    assert interval_sentence(found["accuracy"]) == "between 85 and 93 %, because there are only 200 test rows"
    many = MetricEstimate("accuracy", "Accuracy", 0.9, 0.8991, 0.9009, 100_000, "")
    assert interval_sentence(many, "validation").endswith("from 100,000 validation rows")
    assert interval_sentence(many) == "between 89.9 and 90.1 %, from 100,000 test rows"
    assert (
        interval_sentence(MetricEstimate("mae", "", 1.5, 1.25, 1.75, 10))
        == "between 1.25 and 1.75, because there are only 10 test rows"
    )
