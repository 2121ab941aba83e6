"""Every measure: scikit-learn's value, an interval around it, and a reason where there is none."""

import math
from collections.abc import Sequence

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.special import softmax
from scipy.stats import spearmanr
from sklearn import metrics as sk

from core.evaluation.metrics.compute import compute_metrics
from core.evaluation.metrics.estimate import MetricEstimate, interval_sentence
from core.evaluation.metrics.per_class import per_class
from tests.evaluation.cases import BINARY, MULTILABEL, REGRESSION, SIX_CLASSES, by_name, logits_for

LOGITS = st.integers(-3, 3).map(float)


def check_whole(found: Sequence[MetricEstimate]) -> None:
    for each in found:
        if math.isnan(each.value):
            assert each.note
            assert math.isnan(each.low)
        elif not math.isnan(each.low):
            assert each.low - 1e-9 <= each.value <= each.high + 1e-9
        assert interval_sentence(each)


@settings(max_examples=30, deadline=None)
@given(st.lists(st.tuples(st.integers(0, 5), *[LOGITS] * 6), min_size=1, max_size=25))
def test_classes_equal_scikit_learn(rows: list[tuple[float, ...]]) -> None:
    table = np.asarray(rows)
    targets, logits = table[:, 0].astype(int), table[:, 1:].astype(np.float32)
    found = by_name(compute_metrics(SIX_CLASSES, targets, logits))
    check_whole(list(found.values()))
    probabilities = softmax(logits.astype(float), axis=1)
    assert found["accuracy"].value == sk.accuracy_score(targets, logits.argmax(axis=1))
    assert found["log_loss"].value == pytest.approx(sk.log_loss(targets, probabilities, labels=range(6)))
    assert found["top_3_accuracy"].value == sk.top_k_accuracy_score(targets, logits, k=3, labels=range(6))
    if len(set(targets)) == 6:
        one_hot = np.eye(6)[targets]
        assert found["roc_auc"].value == pytest.approx(
            sk.roc_auc_score(targets, probabilities, multi_class="ovr", average="macro")
        )
        assert found["average_precision"].value == pytest.approx(
            sk.average_precision_score(one_hot, probabilities, average="macro")
        )


@settings(max_examples=30, deadline=None)
@given(st.lists(st.tuples(st.integers(0, 1), st.integers(0, 1), LOGITS, LOGITS), min_size=1, max_size=25))
def test_labels_equal_scikit_learn(rows: list[tuple[float, ...]]) -> None:
    table = np.asarray(rows)
    targets, logits = table[:, :2], table[:, 2:].astype(np.float32)
    found = by_name(compute_metrics(MULTILABEL, targets, logits))
    check_whole(list(found.values()))
    decided = (logits > 0).astype(int)
    for name, score in {"precision": sk.precision_score, "recall": sk.recall_score, "f1": sk.f1_score}.items():
        expected = score(targets, decided, average="micro", zero_division=np.nan)
        assert found[f"{name}_micro"].value == pytest.approx(expected, nan_ok=True)
    assert found["f1_macro"].value == pytest.approx(sk.f1_score(targets, decided, average="macro", zero_division=0))
    assert found["hamming_loss"].value == pytest.approx(sk.hamming_loss(targets, decided))
    assert found["subset_accuracy"].value == pytest.approx(sk.accuracy_score(targets, decided))


@settings(max_examples=30, deadline=None)
@given(st.lists(st.tuples(LOGITS, LOGITS), min_size=1, max_size=25))
def test_numbers_equal_scikit_learn(rows: list[tuple[float, ...]]) -> None:
    targets, predicted = np.asarray(rows).T
    found = by_name(compute_metrics(REGRESSION, targets, predicted[:, None].astype(np.float32)))
    check_whole(list(found.values()))
    assert found["mae"].value == pytest.approx(sk.mean_absolute_error(targets, predicted))
    assert found["rmse"].value == pytest.approx(sk.root_mean_squared_error(targets, predicted))
    if len(set(targets)) > 1:
        assert found["r2"].value == pytest.approx(sk.r2_score(targets, predicted))
    if len(set(targets)) > 1 and len(set(predicted)) > 1:
        assert found["spearman"].value == pytest.approx(spearmanr(targets, predicted).statistic)


def test_what_is_undefined_says_why() -> None:
    found = by_name(compute_metrics(BINARY, np.asarray([1, 1]), logits_for([1, 1], 2)))
    assert found["matthews"].note == "Undefined: the rows are all of one class."
    assert math.isnan(found["roc_auc"].value)
    assert interval_sentence(found["roc_auc"]).startswith("Undefined: no label has both")
    never = by_name(compute_metrics(SIX_CLASSES, np.asarray([0, 1]), logits_for([0, 0], 6)))
    assert never["precision_macro"].note.startswith("Never answered, so counted as 0: b. The interval may be")
    assert never["f1_macro"].note.endswith("there are fewer than 3 rows of a, b, c and 3 more.")
    assert "all answers are the same class" in never["matthews"].note
    surplus = by_name(compute_metrics(SIX_CLASSES, np.asarray([0, 0]), logits_for([0, 1], 6)))
    assert surplus["recall_macro"].note.startswith("Answered without a row of it, so counted as 0: b.")
    assert compute_metrics(BINARY, np.asarray([], dtype=int), np.zeros((0, 2), dtype=np.float32)) == []
    one = by_name(compute_metrics(REGRESSION, np.asarray([1.0]), np.asarray([[2.0]], dtype=np.float32)))
    assert one["r2"].note == "Undefined: there is only one row."
    assert interval_sentence(one["mae"]) == "with an unknown interval, based on 1 test row"
    same = by_name(compute_metrics(REGRESSION, np.asarray([1.0, 1.0]), np.asarray([[2.0], [1.0]], dtype=np.float32)))
    assert same["spearman"].note == "Undefined: all rows have the same number."


def test_thresholds_decide() -> None:
    logits = np.asarray([[0, 1], [0, 3]], dtype=np.float32)
    assert by_name(compute_metrics(BINARY, np.asarray([0, 1]), logits))["accuracy"].value == 0.5
    assert by_name(compute_metrics(BINARY, np.asarray([0, 1]), logits, 0.9))["accuracy"].value == 1
    table = per_class(BINARY, np.asarray([0, 1]), logits, 0.9)
    assert table["recall"].tolist() == [1, 1]
    assert (
        by_name(compute_metrics(MULTILABEL, np.eye(2), logits, np.asarray([0.4, 0.99])))["subset_accuracy"].value == 0.5
    )
