"""Areas under the curves of labels that have both sides."""

import numpy as np

from core.evaluation.measures import measure
from tests.evaluation.test_measures import SIX, TWO, logits_of, named


def test_areas_leave_out_what_has_one_side_and_say_so() -> None:
    found = named(measure(SIX, np.asarray([0, 1, 0, 1]), logits_of([0, 1, 0, 1], 6)))
    assert found["roc_auc"].value == 1
    assert found["roc_auc"].note == "Left out, since all rows or none are of it: c, d, e and 1 more."
    assert found["roc_auc"].low < 0.9
    assert named(measure(TWO, np.asarray([0, 1]), logits_of([0, 1], 2)))["roc_auc"].note == "Of the class yes."
