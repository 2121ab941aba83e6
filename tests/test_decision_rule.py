"""What outputs are taken to mean, and that it is kept and applied."""

from pathlib import Path

import numpy as np
import pytest

from core import decision_rule
from core.decision_rule import DecisionRule
from core.errors import ModelError
from core.prediction.predict import as_json, as_table
from core.task import Task

BINARY, MANY, SCORE = Task("binary", ("a", "b")), Task("multilabel", ("p", "q")), Task("regression", ())


def test_it_is_kept_beside_the_model(tmp_path: Path) -> None:
    assert decision_rule.load(tmp_path) == DecisionRule()
    kept = DecisionRule(1.7, (0.2, 0.6), 0.8, 1.5, 0.95)
    decision_rule.save(kept, tmp_path)
    assert decision_rule.load(tmp_path) == kept
    (tmp_path / decision_rule.FILE).write_text("{")
    with pytest.raises(ModelError, match="damaged"):
        decision_rule.load(tmp_path)


def test_a_temperature_changes_how_sure_and_not_what() -> None:
    logits = np.asarray([[0.0, 2.0]], dtype=np.float32)
    (plain,), (cool,) = as_json(BINARY, logits), as_json(BINARY, logits, DecisionRule(temperature=2.0))
    assert plain["label"] == cool["label"] == "b"
    assert cool["confidence"] == pytest.approx(1 / (1 + np.exp(-1)), abs=1e-6)


def test_thresholds_decide_and_confidence_is_that_of_the_answer() -> None:
    logits = np.log(np.asarray([[0.6, 0.4]], dtype=np.float32))
    (answer,) = as_json(BINARY, logits, DecisionRule(thresholds=(0.3,)))
    assert (answer["label"], answer["confidence"]) == ("b", pytest.approx(0.4, abs=1e-6))
    (both,) = as_json(MANY, np.asarray([[-1.0, 2.0]], dtype=np.float32), DecisionRule(thresholds=(0.2, 0.95)))
    assert both["label"] == ["p"]
    assert both["confidence"] == pytest.approx(1 - 1 / (1 + np.exp(-2)), abs=1e-5)


def test_it_answers_only_when_sure() -> None:
    logits = np.log(np.asarray([[0.05, 0.95], [0.4, 0.6]], dtype=np.float32))
    kept = DecisionRule(abstain_below=0.9)
    assert [each["sure"] for each in as_json(BINARY, logits, kept)] == [True, False]
    assert as_table(BINARY, logits, kept)["sure"].tolist() == ["yes", "not sure"]


def test_a_number_comes_with_its_interval() -> None:
    (answer,) = as_json(SCORE, np.asarray([[3.0]], dtype=np.float32), DecisionRule(interval_half_width=0.5))
    assert (answer["low"], answer["high"]) == (2.5, 3.5)
    assert as_table(
        SCORE, np.asarray([[3.0]], dtype=np.float32), DecisionRule(interval_half_width=0.5)
    ).columns.tolist() == [
        "score",
        "low",
        "high",
    ]


def test_what_validation_asks_for() -> None:
    rng = np.random.default_rng(0)
    targets = rng.integers(0, 2, 400)
    # Right in 80 % of the cases, 99 % sure each time.
    answered = np.where(rng.random(400) < 0.8, targets, 1 - targets)
    found = decision_rule.fit(BINARY, targets, np.asarray(5 * np.eye(2)[answered], dtype=np.float32))
    assert found.temperature > 2
    width = decision_rule.fit(
        SCORE, np.zeros(99), np.linspace(-1, 1, 99, dtype=np.float32)[:, None]
    ).interval_half_width
    assert width == pytest.approx(0.9, abs=0.02)
    assert decision_rule.fit(SCORE, np.zeros(3), np.ones((3, 1), dtype=np.float32)).interval_half_width is None
