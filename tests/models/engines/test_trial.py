"""The trial: rounds, turns, failures; and real engines in processes of their own."""

import io
import json
import sys
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pytest

from core import decision_rule
from core.decision_rule import DecisionRule
from core.errors import DataError, ModelError
from core.models.engines import selection, trial
from core.models.engines.base import ONNX_CHECKED, ONNX_FP32, ONNX_INT8, TORCH
from core.models.engines.choice import FAITHFUL, Limits
from core.models.engines.load import default_engine, load_engine
from core.models.engines.selection import ValidationRows, best_engine, choose_engine, stored_choice
from core.models.engines.trial import EngineError, TrialSize, draw_rows, engine_processes, run_trial
from core.models.engines.worker import serve
from core.task import Floats
from tests.models.engines.cases import TASKS, made_up_texts, save_model, torch_logits

ROUNDS = [["a", "bb"], ["ccc"], ["dddd", "eeeee", "f"]]


class FakeEngines:
    """Logits are the lengths of the texts; each engine takes a fixed time for a text."""

    def __init__(self, seconds: dict[str, float], fails: Sequence[str] = ()) -> None:
        self.seconds = seconds
        self.fails = fails
        self.asked: list[str] = []

    def __call__(self, name: str, texts: Sequence[str]) -> tuple[Floats, float]:
        self.asked.append(name)
        if name in self.fails:
            raise EngineError("out of order")
        return np.asarray([[len(text)] for text in texts], dtype=np.float32), self.seconds[name] * len(texts)


def test_engines_take_turns_and_speeds_are_medians() -> None:
    engines = FakeEngines({TORCH: 0.1, ONNX_FP32: 0.05})
    progress: list[tuple[int, int]] = []
    measured = run_trial(
        engines, [TORCH, ONNX_FP32], ROUNDS, on_progress=lambda done, total: progress.append((done, total))
    )
    assert engines.asked == [TORCH, ONNX_FP32, ONNX_FP32, TORCH, TORCH, ONNX_FP32]
    assert measured[TORCH].texts_per_second == pytest.approx(10)
    assert measured[ONNX_FP32].texts_per_second == pytest.approx(20)
    assert measured[TORCH].logits[:, 0].tolist() == [1, 2, 3, 4, 5, 1]
    assert progress == [(1, 3), (2, 3), (3, 3)]


def test_the_same_timings_give_the_same_measurements() -> None:
    first, second = (run_trial(FakeEngines({TORCH: 0.1}), [TORCH], ROUNDS)[TORCH] for _ in range(2))
    assert first.texts_per_second == second.texts_per_second


def test_a_failed_engine_is_not_asked_again() -> None:
    engines = FakeEngines({TORCH: 0.1, ONNX_INT8: 0.1}, fails=[ONNX_INT8])
    measured = run_trial(engines, [TORCH, ONNX_INT8], ROUNDS)
    assert measured[ONNX_INT8].problem == "out of order"
    assert engines.asked.count(ONNX_INT8) == 1
    assert measured[TORCH].problem == ""


def test_infinite_logits_are_a_problem() -> None:
    def measure(name: str, texts: Sequence[str]) -> tuple[Floats, float]:
        return np.full((len(texts), 1), np.inf, dtype=np.float32), 1.0

    assert "infinite" in run_trial(measure, [TORCH], ROUNDS)[TORCH].problem


def test_a_slow_trial_ends_after_a_round() -> None:
    measured = run_trial(FakeEngines({TORCH: 0.1}), [TORCH], ROUNDS, TrialSize(seconds=0))
    assert len(measured[TORCH].logits) == 2


@pytest.mark.parametrize("rows", [1, 3, 5, 99, 5000])
def test_rows_are_drawn_once_and_at_random(rows: int) -> None:
    rounds = draw_rows(rows, TrialSize(texts=100))
    drawn = np.concatenate(rounds).tolist()
    assert len(drawn) == len(set(drawn)) == min(rows, 100)
    assert set(drawn) <= set(range(rows))
    assert len(rounds) == min(rows, 5)
    assert rows < 99 or drawn != sorted(drawn)


@pytest.fixture(scope="module")
def model(tiny_encoder: str, tmp_path_factory: pytest.TempPathFactory) -> Path:
    return save_model(tiny_encoder, TASKS[1], tmp_path_factory.mktemp("run") / "model")


def test_a_real_trial_is_stored_and_its_choice_is_loaded(
    model: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    texts = made_up_texts(150)
    targets = torch_logits(model, texts).argmax(axis=1)
    chosen = choose_engine(model, ValidationRows(texts, targets), home=tmp_path)
    results = {result.name: result for result in chosen.trial.results}
    assert {TORCH, ONNX_FP32, ONNX_INT8, ONNX_CHECKED} <= set(results)
    assert [result.problem for result in results.values()] == [""] * len(results)
    assert results[ONNX_FP32].agreement == 1.0
    assert results[TORCH].score_loss == 0.0
    assert chosen.trial.texts == 150
    assert default_engine(model, tmp_path) == chosen.engine
    # The stored trial is used from now on, under other limits too.
    monkeypatch.setattr(selection, "run_trial", lambda *_: pytest.fail("another trial"))
    assert stored_choice(model, home=tmp_path) == chosen
    assert choose_engine(model, ValidationRows(texts, targets), FAITHFUL, tmp_path).engine in (TORCH, ONNX_FP32)
    engine = best_engine(model, ValidationRows(texts), Limits(), tmp_path)
    assert engine.name == chosen.engine
    assert (engine.logits(texts).argmax(axis=1) == targets).mean() >= 0.98
    checked = load_engine(model, ONNX_CHECKED, tmp_path)
    assert (checked.logits(texts).argmax(axis=1) == targets).mean() >= 0.99
    # Another decision rule makes other decisions, so it needs a trial of its own.
    decision_rule.save(DecisionRule(abstain_below=0.7), model)
    assert stored_choice(model, home=tmp_path) is None
    (model / decision_rule.FILE).unlink()


def test_a_trial_needs_texts(model: Path, tmp_path: Path) -> None:
    with pytest.raises(DataError, match="validation texts"):
        choose_engine(tmp_path_copy(model, tmp_path), ValidationRows([]), home=tmp_path)


@pytest.mark.slow
def test_a_model_that_cannot_be_loaded_gets_an_error(model: Path, tmp_path: Path) -> None:
    broken = tmp_path_copy(model, tmp_path)
    (broken / "model.safetensors").write_bytes(b"broken")
    with pytest.raises(ModelError, match="cannot be run"):
        choose_engine(broken, ValidationRows(["red apple"] * 5), home=tmp_path)


def tmp_path_copy(model: Path, tmp_path: Path) -> Path:
    """The model without its exports and trials."""
    folder = tmp_path / "copy" / "model"
    folder.mkdir(parents=True)
    for file in model.iterdir():
        if file.is_file():
            (folder / file.name).write_bytes(file.read_bytes())
    return folder


def test_a_process_that_dies_is_a_failure(model: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "executable", "/bin/false")
    with engine_processes(model, tmp_path) as measure, pytest.raises(EngineError, match="process ended"):
        measure(TORCH, ["red apple"])


def test_a_process_that_does_not_answer_is_stopped(
    model: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    sleeper = tmp_path / "sleeper"
    sleeper.write_text("#!/bin/sh\nexec sleep 60\n")
    sleeper.chmod(0o700)
    monkeypatch.setattr(sys, "executable", str(sleeper))
    monkeypatch.setattr(trial, "_ANSWER_WITHIN", 0.5)
    with engine_processes(model, tmp_path) as measure, pytest.raises(EngineError, match="did not answer"):
        measure(TORCH, ["red apple"])


def test_the_worker_answers_with_logits_or_a_problem(model: Path, tmp_path: Path) -> None:
    questions = [{"engine": ONNX_FP32, "texts": ["red apple", "sky"]}, {"engine": "abacus", "texts": ["sky"]}]
    answers = io.StringIO()
    serve(io.StringIO("".join(json.dumps(question) + "\n" for question in questions)), answers, model, tmp_path)
    first, second = (json.loads(line) for line in answers.getvalue().splitlines())
    assert np.asarray(first["logits"]) == pytest.approx(torch_logits(model, ["red apple", "sky"]), abs=1e-4)
    assert first["seconds"] > 0
    assert "abacus" in second["problem"]


@pytest.mark.slow
def test_models_that_share_an_encoder_have_trials_of_their_own(tiny_encoder: str, tmp_path: Path) -> None:
    folders = [save_model(tiny_encoder, task, tmp_path / task.kind / "model", "head") for task in TASKS[:2]]
    choose_engine(folders[0], ValidationRows(made_up_texts(20)), home=tmp_path)
    assert stored_choice(folders[0], home=tmp_path) is not None
    assert stored_choice(folders[1], home=tmp_path) is None
