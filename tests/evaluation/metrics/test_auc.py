"""ROC-AUC and average precision of labels with positive and negative rows."""

import numpy as np

from core.evaluation.metrics.compute import compute_metrics
from tests.evaluation.cases import BINARY, SIX_CLASSES, by_name, logits_for


def test_labels_without_positive_or_negative_rows_are_omitted() -> None:
    roc_auc = by_name(compute_metrics(SIX_CLASSES, np.asarray([0, 1, 0, 1]), logits_for([0, 1, 0, 1], 6)))["roc_auc"]
    assert roc_auc.value == 1
    assert roc_auc.note.startswith("Omitted, because all rows or no rows have them: c, d, e and 1 more.")
    assert roc_auc.low < 0.9


def test_a_binary_task_is_measured_by_its_second_class() -> None:
    estimates = by_name(compute_metrics(BINARY, np.asarray([0, 1]), logits_for([0, 1], 2)))
    assert estimates["roc_auc"].note.startswith("Of the class yes.")
    assert "fewer than 20 rows of no, yes" in estimates["average_precision"].note
