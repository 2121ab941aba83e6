"""Areas under the curves of labels that have both sides."""

import numpy as np

from core.evaluation.metrics.compute import compute_metrics
from tests.evaluation.cases import BINARY, SIX_CLASSES, by_name, logits_for


def test_areas_leave_out_what_has_one_side_and_say_so() -> None:
    found = by_name(compute_metrics(SIX_CLASSES, np.asarray([0, 1, 0, 1]), logits_for([0, 1, 0, 1], 6)))
    assert found["roc_auc"].value == 1
    assert found["roc_auc"].note == "Left out, since all rows or none are of it: c, d, e and 1 more."
    assert found["roc_auc"].low < 0.9
    assert (
        by_name(compute_metrics(BINARY, np.asarray([0, 1]), logits_for([0, 1], 2)))["roc_auc"].note
        == "Of the class yes."
    )
