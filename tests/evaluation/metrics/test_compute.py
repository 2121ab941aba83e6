"""Every metric: scikit-learn's value, an interval that contains it, and a note where it is undefined."""

import math
from collections.abc import Sequence

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.special import softmax
from scipy.stats import spearmanr
from sklearn import metrics as sk

from core.errors import RunError
from core.evaluation.metrics.compute import compute_metrics
from core.evaluation.metrics.estimate import MetricEstimate, interval_sentence
from core.evaluation.metrics.per_class import per_class
from core.task import Task
from tests.evaluation.cases import BINARY, MULTILABEL, REGRESSION, SIX_CLASSES, by_name, logits_for

LOGITS = st.integers(-3, 3).map(float)


def check_intervals_and_notes(estimates: Sequence[MetricEstimate]) -> None:
    for estimate in estimates:
        if math.isnan(estimate.value):
            assert estimate.note
            assert math.isnan(estimate.low)
        elif not math.isnan(estimate.low):
            assert estimate.low - 1e-9 <= estimate.value <= estimate.high + 1e-9
        assert interval_sentence(estimate)


@settings(max_examples=30, deadline=None)
@given(st.lists(st.tuples(st.integers(0, 5), *[LOGITS] * 6), min_size=1, max_size=25))
def test_multiclass_metrics_agree_with_scikit_learn(rows: list[tuple[float, ...]]) -> None:
    table = np.asarray(rows)
    y_true, logits = table[:, 0].astype(int), table[:, 1:].astype(np.float32)
    estimates = compute_metrics(SIX_CLASSES, y_true, logits)
    check_intervals_and_notes(estimates)
    values = {estimate.name: estimate.value for estimate in estimates}
    probabilities = softmax(logits.astype(float), axis=1)
    assert values["accuracy"] == sk.accuracy_score(y_true, logits.argmax(axis=1))
    assert values["log_loss"] == pytest.approx(sk.log_loss(y_true, probabilities, labels=range(6)))
    assert values["top_3_accuracy"] == sk.top_k_accuracy_score(y_true, logits, k=3, labels=range(6))
    if len(set(y_true)) == 6:
        roc_auc = sk.roc_auc_score(y_true, probabilities, multi_class="ovr", average="macro")
        assert values["roc_auc"] == pytest.approx(roc_auc)
        precision = sk.average_precision_score(np.eye(6)[y_true], probabilities, average="macro")
        assert values["average_precision"] == pytest.approx(precision)


@settings(max_examples=30, deadline=None)
@given(st.lists(st.tuples(st.integers(0, 1), st.integers(0, 1), LOGITS, LOGITS), min_size=1, max_size=25))
def test_multilabel_metrics_agree_with_scikit_learn(rows: list[tuple[float, ...]]) -> None:
    table = np.asarray(rows)
    y_true, logits = table[:, :2], table[:, 2:].astype(np.float32)
    estimates = compute_metrics(MULTILABEL, y_true, logits)
    check_intervals_and_notes(estimates)
    values = {estimate.name: estimate.value for estimate in estimates}
    y_pred = (logits > 0).astype(int)
    for name, score in {"precision": sk.precision_score, "recall": sk.recall_score, "f1": sk.f1_score}.items():
        expected = score(y_true, y_pred, average="micro", zero_division=np.nan)
        assert values[f"{name}_micro"] == pytest.approx(expected, nan_ok=True)
    if len(present := np.flatnonzero(y_true.any(axis=0) | y_pred.any(axis=0))):
        macro = sk.f1_score(y_true, y_pred, labels=present, average="macro", zero_division=0)
        assert values["f1_macro"] == pytest.approx(macro)
    else:
        assert math.isnan(values["f1_macro"])
    assert values["hamming_loss"] == pytest.approx(sk.hamming_loss(y_true, y_pred))
    assert values["subset_accuracy"] == pytest.approx(sk.accuracy_score(y_true, y_pred))


@settings(max_examples=30, deadline=None)
@given(st.lists(st.tuples(LOGITS, LOGITS), min_size=1, max_size=25))
def test_regression_metrics_agree_with_scikit_learn(rows: list[tuple[float, ...]]) -> None:
    y_true, y_pred = np.asarray(rows).T
    estimates = compute_metrics(REGRESSION, y_true, y_pred[:, None].astype(np.float32))
    check_intervals_and_notes(estimates)
    values = {estimate.name: estimate.value for estimate in estimates}
    assert values["mae"] == pytest.approx(sk.mean_absolute_error(y_true, y_pred))
    assert values["rmse"] == pytest.approx(sk.root_mean_squared_error(y_true, y_pred))
    if len(set(y_true)) > 1:
        assert values["r2"] == pytest.approx(sk.r2_score(y_true, y_pred))
    if len(set(y_true)) > 1 and len(set(y_pred)) > 1:
        assert values["spearman"] == pytest.approx(spearmanr(y_true, y_pred).statistic)


def test_rows_of_one_class() -> None:
    estimates = by_name(compute_metrics(BINARY, np.asarray([1, 1]), logits_for([1, 1], 2)))
    assert estimates["matthews"].note == "Undefined: all rows have the same class."
    assert math.isnan(estimates["roc_auc"].value)
    assert interval_sentence(estimates["roc_auc"]).startswith("Undefined: no label has both")


def test_classes_that_are_rare_or_never_predicted() -> None:
    estimates = by_name(compute_metrics(SIX_CLASSES, np.asarray([0, 1]), logits_for([0, 0], 6)))
    assert estimates["precision_macro"].note.startswith(
        "Never predicted, so counted as 0: b. This interval is not to be"
    )
    assert estimates["f1_macro"].note.endswith("there are fewer than 3 rows of a, b, c and 3 more.")
    assert estimates["matthews"].note == "Undefined: all predictions are the same class."


def test_classes_that_are_predicted_but_have_no_rows() -> None:
    estimates = by_name(compute_metrics(SIX_CLASSES, np.asarray([0, 0]), logits_for([0, 1], 6)))
    assert estimates["recall_macro"].note.startswith("Predicted but without rows, so counted as 0: b.")


def test_regression_on_one_row_and_on_equal_values() -> None:
    one_row = by_name(compute_metrics(REGRESSION, np.asarray([1.0]), np.asarray([[2.0]], dtype=np.float32)))
    assert one_row["r2"].note == "Undefined: there is only one row."
    equal = compute_metrics(REGRESSION, np.asarray([1.0, 1.0]), np.asarray([[2.0], [1.0]], dtype=np.float32))
    assert by_name(equal)["spearman"].note == "Undefined: all rows have the same value."


def test_no_rows_have_no_metrics() -> None:
    assert compute_metrics(BINARY, np.asarray([], dtype=int), np.zeros((0, 2), dtype=np.float32)) == []


def test_thresholds_change_the_predictions() -> None:
    y_true, logits = np.asarray([0, 1]), np.asarray([[0, 1], [0, 3]], dtype=np.float32)
    assert by_name(compute_metrics(BINARY, y_true, logits))["accuracy"].value == 0.5
    assert by_name(compute_metrics(BINARY, y_true, logits, (0.9,)))["accuracy"].value == 1
    assert per_class(BINARY, y_true, logits, (0.9,))["recall"].tolist() == [1, 1]
    multilabel = by_name(compute_metrics(MULTILABEL, np.eye(2), logits, (0.4, 0.99)))
    assert multilabel["subset_accuracy"].value == 0.5


def test_labels_that_do_not_occur_are_left_out_of_macro_f1() -> None:
    ten = Task("multilabel", tuple("abcdefghij"))
    y_true = np.zeros((8, 10))
    y_true[np.arange(8), np.arange(8) % 5] = 1
    f1_macro = by_name(compute_metrics(ten, y_true, (y_true * 8 - 4).astype(np.float32)))["f1_macro"]
    assert f1_macro.value == 1
    assert f1_macro.note.startswith(
        "Omitted, because no row has them and they are never predicted: f, g, h and 2 more."
    )


def test_outputs_that_are_no_numbers_end_in_a_sentence() -> None:
    logits = np.asarray([[0, np.nan], [np.inf, 0], [1, 0]], dtype=np.float32)
    with pytest.raises(RunError, match="finite numbers as the model's outputs, found others in 2 rows of 3"):
        compute_metrics(BINARY, np.asarray([0, 1, 0]), logits)


def test_rows_of_one_unit_widen_every_interval_and_are_counted() -> None:
    rng = np.random.default_rng(0)
    y_true = np.repeat(rng.integers(0, 2, 40), 5)
    logits = np.repeat(np.eye(2)[y_true[::5]] * 2 + rng.normal(size=(40, 2)), 5, axis=0).astype(np.float32)
    alone = by_name(compute_metrics(BINARY, y_true, logits))
    together = by_name(compute_metrics(BINARY, y_true, logits, (), np.repeat(np.arange(40), 5)))
    for name, estimate in together.items():
        assert estimate.value == alone[name].value
        assert estimate.high - estimate.low > 1.5 * (alone[name].high - alone[name].low), name
    assert interval_sentence(together["accuracy"]).endswith("based on only 200 test rows in 40 independent groups")
