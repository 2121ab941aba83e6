"""A figure in a sentence."""

import numpy as np

from core.evaluation.figures import Measure, sentence
from core.evaluation.measures import measure
from tests.evaluation.test_measures import TWO, logits_of, named


def test_the_sentence() -> None:
    found = named(measure(TWO, np.repeat([0, 1], 100), logits_of([0] * 90 + [1] * 10 + [1] * 90 + [0] * 10, 2)))
    assert sentence(found["accuracy"]) == "between 85 and 93 %, because there are only 200 test rows"
    many = Measure("accuracy", "Accuracy", 0.9, 0.8991, 0.9009, 100_000, "")
    assert sentence(many, "validation").endswith("from 100,000 validation rows")
    assert sentence(many) == "between 89.9 and 90.1 %, from 100,000 test rows"
    assert (
        sentence(Measure("mae", "", 1.5, 1.25, 1.75, 10))
        == "between 1.25 and 1.75, because there are only 10 test rows"
    )
