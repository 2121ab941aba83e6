"""Behavioral tests of a model (CheckList; Ribeiro et al. 2020), without Finetune Studio. Needs pytest and what predict.py needs.

Put this file beside predict.py and the folder model/ of the zip of the model, then:

    python -m pytest test_behavior.py

A test passes if its pass rate is at least the wanted one. Each case is a text before and after a change.
"""

from typing import Any

import pytest
from predict import predict  # type: ignore[import-not-found]

# Each test: name, kind, expectation, wanted pass rate and cases. Filled in by the export.
TESTS: list[dict[str, Any]] = []
# Probabilities are rounded to six digits.
ROUNDING = 2e-6
SHOWN_FAILURES = 10


@pytest.fixture(scope="session")
def predictions() -> dict[str, dict[str, Any]]:
    """The prediction of each text of all tests."""
    texts = list(dict.fromkeys(text for test in TESTS for case in test["cases"] for text in case))
    return dict(zip(texts, predict(texts), strict=True))


@pytest.mark.parametrize("test", TESTS, ids=[test["name"] for test in TESTS])
def test_behavior(test: dict[str, Any], predictions: dict[str, dict[str, Any]]) -> None:
    """The pass rate of a test is at least the wanted one."""
    failed = [
        (before, after) for before, after in test["cases"] if not passes(test, predictions[before], predictions[after])
    ]
    rate = 1 - len(failed) / len(test["cases"])
    lines = [
        f"{before!r} ({predictions[before]['label']}) -> {after!r} ({predictions[after]['label']})"
        for before, after in failed[:SHOWN_FAILURES]
    ]
    summary = f"{rate:.1%} of {len(test['cases'])} cases pass, wanted {test['wanted']:.1%}. Failures:"
    assert rate >= test["wanted"] - 1e-9, "\n".join([summary, *lines])


def passes(test: dict[str, Any], before: dict[str, Any], after: dict[str, Any]) -> bool:
    """Whether the predictions before and after the change are as expected."""
    expected = test["expectation"]
    if test["kind"] == "minimum_functionality":
        return is_expected(expected, after["label"])
    if test["kind"] == "invariance":
        is_same = before["confidence"] is not None and _as_set(before["label"]) == _as_set(after["label"])
        return is_same or largest_move(before, after) <= expected["margin"] + ROUNDING
    label = expected["label"] or before["label"]
    moved = score(after, label) - score(before, label)
    if expected["direction"] in ("falls", "does not rise"):
        moved = -moved
    if expected["direction"] in ("rises", "falls"):
        return bool(moved > 0 and moved >= expected["margin"] - ROUNDING)
    return bool(moved >= -expected["margin"] - ROUNDING)


def is_expected(expected: dict[str, Any], label: Any) -> bool:
    """Whether a predicted label is the expected one, or a predicted value in the expected range."""
    if isinstance(label, float):
        low, high = expected["low"], expected["high"]
        return (low is None or label >= low) and (high is None or label <= high)
    return expected["label"] in _as_set(label)


def largest_move(before: dict[str, Any], after: dict[str, Any]) -> float:
    """How far the judged score moved: the value, the label predicted before, or the label that moved most of those changed."""
    if isinstance(before["label"], list):
        changed = _as_set(before["label"]) ^ _as_set(after["label"])
        return max((abs(score(after, name) - score(before, name)) for name in changed), default=0.0)
    return abs(score(after, before["label"]) - score(before, before["label"]))


def score(prediction: dict[str, Any], label: Any) -> float:
    """The probability of a label, or the predicted value."""
    return float(prediction["probabilities"][label] if prediction["probabilities"] else prediction["label"])


def _as_set(label: Any) -> set[Any]:
    return set(label) if isinstance(label, list) else {label}
