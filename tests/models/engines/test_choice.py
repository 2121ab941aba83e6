"""The choice of an engine from measured results, and how it is stored."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from core import host
from core.decision_rule import DecisionRule
from core.models.engines.base import (
    ENGINES,
    ONNX_CHECKED,
    ONNX_FP32,
    ONNX_INT8,
    OPENVINO_CHECKED,
    TITLES,
    TORCH,
)
from core.models.engines.choice import (
    FAITHFUL,
    EngineResult,
    Limits,
    Trial,
    choose,
    describe_host,
    evaluate_trial,
    load_trial,
    save_trial,
)
from core.models.engines.trial import Measurement
from core.models.record import STATIC
from core.task import Task
from tests.models.engines.cases import TASKS


def trial(*results: EngineResult, texts: int = 1000) -> Trial:
    return Trial("f" * 64, describe_host(), texts, results)


def result(name: str, speed: float, agreement: float = 1.0, loss: float | None = 0.0) -> EngineResult:
    return EngineResult(name, agreement, loss, speed)


def test_the_fastest_engine_within_the_limits_is_chosen() -> None:
    results = trial(
        result(TORCH, 100), result(ONNX_FP32, 150), result(ONNX_CHECKED, 250), result(ONNX_INT8, 300, 0.994)
    )
    assert choose(results).engine == ONNX_INT8
    assert choose(results).result.texts_per_second == 300
    faithful = choose(results, FAITHFUL)
    assert faithful.engine == ONNX_CHECKED
    assert "2.5 times as fast as PyTorch and predicts the same for 100.0% of 1,000 validation texts" in faithful.reason
    assert "int8 is faster but predicts the same for only 99.4%, less than 99.9%" in faithful.reason


def test_the_order_of_the_results_does_not_matter() -> None:
    results = [result(TORCH, 100), result(ONNX_FP32, 150), result(ONNX_INT8, 200)]
    assert choose(trial(*results)).engine == choose(trial(*results[::-1])).engine == ONNX_INT8


def test_an_engine_that_loses_score_on_the_same_texts_is_not_chosen() -> None:
    results = trial(result(TORCH, 100), result(ONNX_INT8, 300, 0.995, 0.003))
    assert choose(results).engine == TORCH
    assert "0.30 points lower" in choose(results).reason
    assert choose(results, Limits(max_score_loss=0.003)).engine == ONNX_INT8
    assert choose(trial(result(TORCH, 100), result(ONNX_INT8, 300, 0.995, None))).engine == ONNX_INT8


def test_a_more_faithful_engine_wins_if_the_other_is_hardly_faster() -> None:
    assert choose(trial(result(TORCH, 100), result(ONNX_FP32, 104))).engine == TORCH
    assert choose(trial(result(ONNX_FP32, 200), result(ONNX_INT8, 209), result(TORCH, 100))).engine == ONNX_FP32


def test_few_texts_accept_float32_alone() -> None:
    results = trial(result(TORCH, 100), result(ONNX_FP32, 150), result(ONNX_INT8, 300), texts=99)
    assert choose(results).engine == ONNX_FP32
    assert "99 texts are too few to tell" in choose(results).reason
    assert choose(replace(results, texts=100)).engine == ONNX_INT8
    assert choose(replace(results, texts=999), FAITHFUL).engine == ONNX_FP32
    assert choose(replace(results, texts=1000), FAITHFUL).engine == ONNX_INT8


def test_a_failed_engine_is_not_chosen_and_its_problem_is_shown() -> None:
    failed = EngineResult(ONNX_FP32, problem="The model cannot be exported: no kernel.")
    chosen = choose(trial(result(TORCH, 100), failed))
    assert chosen.engine == TORCH
    assert "ONNX Runtime failed: The model cannot be exported: no kernel." in chosen.reason


@pytest.mark.parametrize("task", TASKS, ids=lambda task: task.kind)
def test_measurements_become_agreement_loss_and_speed(task: Task) -> None:
    rng = np.random.default_rng(0)
    exact = rng.normal(scale=3, size=(300, task.outputs)).astype(np.float32)
    int8 = exact + rng.normal(scale=0.08, size=exact.shape).astype(np.float32)
    measurements = {
        TORCH: Measurement(TORCH, exact, (100,)),
        ONNX_FP32: Measurement(ONNX_FP32, exact + 1e-6, (200,)),
        ONNX_INT8: Measurement(ONNX_INT8, int8, (400,)),
        "torch-bf16": Measurement("torch-bf16", np.zeros((0, 0), np.float32), (), "no"),
    }
    targets = exact[:, 0] if task.kind == "regression" else (exact > 0).astype(np.float32)
    targets = exact.argmax(axis=1) if task.one_label else targets
    results = {item.name: item for item in evaluate_trial(task, DecisionRule(), measurements, targets)}
    assert (results[ONNX_FP32].agreement, results[ONNX_FP32].texts_per_second) == (1.0, 200)
    assert results["torch-bf16"].problem == "no"
    assert 0.5 < results[ONNX_INT8].agreement < 1
    assert (results[ONNX_INT8].score_loss or 0.0) > 0
    assert OPENVINO_CHECKED not in results
    if task.kind == "regression":
        assert ONNX_CHECKED not in results
    else:
        checked = results[ONNX_CHECKED]
        assert checked.agreement > results[ONNX_INT8].agreement
        assert 200 < checked.texts_per_second < 400
        assert checked.recheck_below > 0


def test_without_labels_only_agreement_counts() -> None:
    logits = np.eye(3, dtype=np.float32)
    assert (
        evaluate_trial(TASKS[1], DecisionRule(), {TORCH: Measurement(TORCH, logits, (1,))}, None)[0].score_loss is None
    )


def test_a_trial_is_stored_for_this_host_and_these_weights(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    stored = trial(result(TORCH, 100), result(ONNX_INT8, 300, 0.995, None))
    save_trial(tmp_path, stored)
    assert load_trial(tmp_path, "f" * 64, DecisionRule()) == stored
    assert load_trial(tmp_path, "0" * 64, DecisionRule()) is None
    assert load_trial(tmp_path, "f" * 64, DecisionRule(abstain_below=0.6)) is None
    ruled = replace(stored, fingerprint="e" * 64, rule=DecisionRule((0.3, 0.6), 0.7))
    save_trial(tmp_path, ruled)
    assert load_trial(tmp_path, "e" * 64, ruled.rule) == ruled
    assert load_trial(tmp_path, "f" * 64, DecisionRule()) == stored
    assert '"chosen": "onnx-int8"' in next(tmp_path.glob("trial-*.json")).read_text()
    monkeypatch.setattr(host, "cores", lambda: 64)
    assert load_trial(tmp_path, "f" * 64, DecisionRule()) is None


@pytest.mark.parametrize("content", ["{", "[]", '{"format_version": 2}', '{"format_version": 99}'])
def test_a_damaged_trial_counts_as_none(tmp_path: Path, content: str) -> None:
    save_trial(tmp_path, trial(result(TORCH, 100)))
    next(tmp_path.glob("trial-*.json")).write_text(content)
    assert load_trial(tmp_path, "f" * 64, DecisionRule()) is None


def test_every_engine_has_a_title() -> None:
    assert set(TITLES) == {*ENGINES, STATIC}
