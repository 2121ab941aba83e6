"""A decision rule is stored beside the model and decides what its logits mean."""

import json
from pathlib import Path

import numpy as np
import pytest

from core import decision_rule
from core.decision_rule import DecisionRule
from core.errors import ConfigError, StorageError
from core.task import Task

BINARY, MULTILABEL, REGRESSION = Task("binary", ("a", "b")), Task("multilabel", ("p", "q")), Task("regression", ())


def test_a_rule_is_read_back_as_it_was_saved(tmp_path: Path) -> None:
    assert decision_rule.load(tmp_path) == DecisionRule()
    rule = DecisionRule((0.2, 0.6), 0.8, 1.5, 0.95)
    decision_rule.save(rule, tmp_path)
    assert decision_rule.load(tmp_path) == rule


@pytest.mark.parametrize(
    "content",
    ["", "{", "[]", "null", '{"thresholds": "abc"}', '{"abstain_below": 7}', '{"interval_half_width": []}', "\x00\x01"],
)
def test_a_damaged_rule_is_refused_with_the_reason(tmp_path: Path, content: str) -> None:
    (tmp_path / decision_rule.FILE).write_text(content)
    with pytest.raises(StorageError, match=r"decision_rule\.json .* is damaged: "):
        decision_rule.load(tmp_path)


def test_a_rule_of_a_newer_version_is_refused(tmp_path: Path) -> None:
    (tmp_path / decision_rule.FILE).write_text(json.dumps({"format_version": 99}))
    with pytest.raises(StorageError, match="newer version"):
        decision_rule.load(tmp_path)


def test_a_rule_of_version_0_1_is_read_without_its_temperature(tmp_path: Path) -> None:
    old = {"temperature": 2.0, "thresholds": [0.3], "answer_when": 0.7, "half_width": None, "level": 0.9}
    (tmp_path / "decision.json").write_text(json.dumps(old))
    assert decision_rule.load(tmp_path) == DecisionRule((0.3,), 0.7)


def test_values_out_of_range_are_refused() -> None:
    for values in (
        {"thresholds": (1.5,)},
        {"abstain_below": -0.1},
        {"interval_half_width": -1.0},
        {"interval_level": 1.0},
    ):
        with pytest.raises(ConfigError, match="Expected"):
            DecisionRule(**values)


def test_thresholds_decide_and_the_confidence_is_that_of_the_prediction() -> None:
    logits = np.log(np.asarray([[0.6, 0.4]], dtype=np.float32))
    (record,) = DecisionRule(thresholds=(0.3,)).apply(BINARY, logits).to_records()
    assert (record["label"], record["confidence"]) == ("b", pytest.approx(0.4, abs=1e-6))
    (both,) = DecisionRule(thresholds=(0.2, 0.95)).apply(MULTILABEL, np.asarray([[-1.0, 2.0]], np.float32)).to_records()
    assert both["label"] == ["p"]
    assert both["confidence"] == pytest.approx(1 - 1 / (1 + np.exp(-2)), abs=1e-5)
    with pytest.raises(ConfigError, match="Expected 2 thresholds, found 3"):
        DecisionRule(thresholds=(0.1, 0.2, 0.3)).apply(MULTILABEL, np.zeros((1, 2), np.float32))


def test_predictions_below_the_confidence_are_not_sure() -> None:
    logits = np.log(np.asarray([[0.05, 0.95], [0.4, 0.6]], dtype=np.float32))
    predictions = DecisionRule(abstain_below=0.9).apply(BINARY, logits)
    assert [record["sure"] for record in predictions.to_records()] == [True, False]
    assert predictions.to_frame()["sure"].tolist() == ["yes", "not sure"]


def test_a_predicted_value_has_its_interval() -> None:
    predictions = DecisionRule(interval_half_width=0.5).apply(REGRESSION, np.asarray([[3.0]], dtype=np.float32))
    (record,) = predictions.to_records()
    assert (record["label"], record["low"], record["high"]) == (3.0, 2.5, 3.5)
    assert predictions.to_frame().columns.tolist() == ["score", "low", "high"]


def test_the_interval_of_a_regression_covers_nine_in_ten_validation_errors() -> None:
    rule = decision_rule.fit_interval(np.zeros(99), np.linspace(-1, 1, 99, dtype=np.float32)[:, None])
    assert rule.interval_half_width == pytest.approx(0.9, abs=0.02)
    assert decision_rule.fit_interval(np.zeros(3), np.ones((3, 1), np.float32)).interval_half_width is None
