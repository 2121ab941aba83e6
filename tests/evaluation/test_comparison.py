"""Two models on the same rows: better, worse, or not distinguishable."""

import math
from dataclasses import replace

import numpy as np
import pytest

from core.errors import ConfigError
from core.evaluation.comparison import Comparison, ModelOutputs, compare, describe_comparison
from core.evaluation.metrics.definitions import COMPARISON_METRICS, METRICS
from core.evaluation.metrics.summary import summarize
from tests.evaluation.cases import BINARY, MULTILABEL, REGRESSION, THREE_CLASSES, logits_for


def model(name: str, y_true: np.ndarray, accuracy: float, seed: int = 0) -> ModelOutputs:
    """A model that is correct with this probability."""
    correct = np.random.default_rng(seed).random(len(y_true)) < accuracy
    return ModelOutputs(name, logits_for(np.where(correct, y_true, (y_true + 1) % 3), 3))


def comparison(metric: str, first: float, second: float, low: float, high: float, rows: int = 400) -> Comparison:
    """A comparison with these numbers."""
    names, nowhere = ("This model", "TF-IDF"), np.asarray([], dtype=np.intp)
    return Comparison(METRICS[metric], names, first, second, low, high, 0.01, rows, nowhere)


def test_copies_of_a_row_do_not_make_a_verdict() -> None:
    y_true = np.arange(60) % 3
    good, bad = model("good", y_true, 1.0), model("bad", y_true, 0.5, seed=1)
    alone = compare(THREE_CLASSES, y_true, good, bad)
    together = compare(
        THREE_CLASSES, y_true, replace(good, units=np.arange(60) // 15), replace(bad, units=np.arange(60) // 15)
    )
    assert alone.better is True
    assert together.difference == alone.difference
    # Four units can trade in 16 ways: no difference is beyond chance.
    assert together.better is None
    assert together.p_value >= 0.1


@pytest.mark.parametrize("metric", COMPARISON_METRICS["multiclass"])
def test_the_better_model_wins_in_either_order(metric: str) -> None:
    y_true = np.arange(600) % 3
    good, bad = model("good", y_true, 0.9), model("bad", y_true, 0.7, seed=1)
    forward = compare(THREE_CLASSES, y_true, good, bad, metric)
    assert forward.better is True
    assert forward.low < forward.difference < forward.high
    assert forward.verdict.startswith(f"good is better than bad: {METRICS[metric].title} is ")
    backward = compare(THREE_CLASSES, y_true, bad, good, metric)
    assert backward.better is False
    assert backward.difference == pytest.approx(-forward.difference)


def test_the_default_metric_is_the_first_one_and_agrees_with_the_summary() -> None:
    y_true = np.arange(600) % 3
    good = model("good", y_true, 0.9)
    default = compare(THREE_CLASSES, y_true, good, model("bad", y_true, 0.7, seed=1))
    assert default.metric.name == "f1_macro"
    assert default.first == pytest.approx(summarize(THREE_CLASSES, y_true, good.logits)["f1_macro"])


def test_few_rows_cannot_tell_models_apart() -> None:
    y_true = np.arange(40) % 3
    models = model("one", y_true, 0.85), model("another", y_true, 0.8, seed=1)
    few_rows = compare(THREE_CLASSES, y_true, *models, "accuracy", split="validation")
    assert few_rows.better is None
    assert few_rows.verdict == "40 validation rows cannot tell one and another apart."


def test_a_model_equals_itself() -> None:
    y_true = np.arange(40) % 3
    same = compare(THREE_CLASSES, y_true, model("one", y_true, 0.8), model("two", y_true, 0.8))
    assert (same.difference, same.better, len(same.disagreements)) == (0, None, 0)
    assert describe_comparison(same).endswith("F1 (macro) is no different from two (95% interval +0.0 to +0.0).")


def test_an_exact_test_decides_on_very_few_differences() -> None:
    # Correct on five rows where the other is wrong: p = 0.0625, although every resample agrees.
    y_true = np.zeros(20, dtype=int)
    all_correct = ModelOutputs("one", logits_for([0] * 20, 3))
    five_wrong = ModelOutputs("another", logits_for([1] * 5 + [0] * 15, 3))
    result = compare(THREE_CLASSES, y_true, all_correct, five_wrong, "accuracy")
    assert result.low > 0
    assert result.better is None
    assert result.disagreements.tolist() == [0, 1, 2, 3, 4]


def test_whether_fine_tuning_helped() -> None:
    assert describe_comparison(comparison("f1_macro", 0.841, 0.8, 0.01, 0.072)) == (
        "Fine-tuning helped: F1 (macro) is 4.1 points higher than TF-IDF (95% interval +1.0 to +7.2)."
    )
    assert describe_comparison(comparison("mae", 1.5, 1.2, 0.1, 0.5), "The encoder") == (
        "The encoder did not help: Mean absolute error is 0.3 higher than TF-IDF (95% interval +0.1 to +0.5)."
    )
    assert describe_comparison(comparison("f1_macro", 0.79, 0.8, -0.05, 0.03, rows=40)) == (
        "40 test rows cannot tell whether fine-tuning helped: "
        "F1 (macro) is 1.0 points lower than TF-IDF (95% interval -5.0 to +3.0)."
    )


def test_one_row_has_no_interval() -> None:
    right, wrong = ModelOutputs("one", logits_for([0], 3)), ModelOutputs("another", logits_for([1], 3))
    one_row = compare(THREE_CLASSES, np.asarray([0]), right, wrong)
    assert math.isnan(one_row.low)
    assert describe_comparison(one_row) == "1 test row cannot tell whether fine-tuning helped."


@pytest.mark.parametrize("metric", COMPARISON_METRICS["multilabel"])
def test_multilabel_models(metric: str) -> None:
    rng = np.random.default_rng(0)
    y_true = (rng.random((300, 2)) < 0.4).astype(np.float32)
    good, bad = ((y_true * 4 - 2 + rng.normal(0, std, y_true.shape)).astype(np.float32) for std in (1, 4))
    result = compare(MULTILABEL, y_true, ModelOutputs("good", good), ModelOutputs("bad", bad), metric)
    assert result.better
    assert result.first == pytest.approx(summarize(MULTILABEL, y_true, good)[metric])


@pytest.mark.parametrize("metric", COMPARISON_METRICS["regression"])
def test_regression_models(metric: str) -> None:
    rng = np.random.default_rng(0)
    y_true = rng.normal(size=300)
    near, far = ((y_true + rng.normal(0, std, 300)).astype(np.float32)[:, None] for std in (0.1, 1))
    result = compare(REGRESSION, y_true, ModelOutputs("near", near), ModelOutputs("far", far), metric)
    assert result.better
    assert result.difference < 0
    assert math.isnan(result.p_value)
    assert result.first == pytest.approx(summarize(REGRESSION, y_true, near)[metric], rel=1e-5)
    errors = np.abs(near[:, 0] - y_true), np.abs(far[:, 0] - y_true)
    assert result.disagreements[0] == np.argmax(np.abs(errors[0] - errors[1]))


def test_thresholds_are_applied() -> None:
    y_true = np.asarray([0, 1] * 20)
    logits = np.asarray([[0, 1], [0, 3]] * 20, dtype=np.float32)
    result = compare(BINARY, y_true, ModelOutputs("tuned", logits, (0.9,)), ModelOutputs("default", logits), "accuracy")
    assert (result.first, result.second) == (1, 0.5)


def test_different_rows_and_unknown_metrics() -> None:
    y_true = np.zeros(3, dtype=int)
    three_rows, two_rows = (ModelOutputs("", np.zeros((rows, 3), dtype=np.float32)) for rows in (3, 2))
    with pytest.raises(ConfigError, match="for the same rows, found 3 and 2 for 3 rows"):
        compare(THREE_CLASSES, y_true, three_rows, two_rows)
    with pytest.raises(ConfigError, match="found 'mae'"):
        compare(THREE_CLASSES, y_true, three_rows, three_rows, "mae")
