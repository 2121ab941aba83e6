"""A run that is killed at any moment and started again comes to what it would have come to; nothing is left damaged."""

import json
import random
import time

import numpy as np
import pandas as pd
import pytest

from core.data.splitting import SplitConfig
from core.jobs import events, process
from core.jobs.events import Step
from core.models import classifier as classifiers
from core.runs import Run, create_run
from core.training.config import TrainingConfig
from core.workspace import Workspace
from tests.training.test_trainer import toy

KILLS = 10
STEPS = 480


def create_training_run(workspace: Workspace, encoder: str, name: str) -> Run:
    config = TrainingConfig(encoder=encoder, epochs=30, batch_size=4, learning_rate=1e-3, max_length=16, dropout=0.1)
    return create_run(workspace, toy("binary"), config.to_json(), name, {"name": "toy"}, SplitConfig())


def ended(run: Run) -> str:
    """How the run ended, once it has."""
    while process.read_status(run.folder).active:
        time.sleep(0.05)
    return process.read_status(run.folder).state


def kill_at(run: Run, step: int, delay: float) -> None:
    """Start the run, and kill it a moment after a step; step 0 is its start."""
    process.start(run.folder)
    while step and step > max(losses(run), default=0):
        assert process.read_status(run.folder).active, process.read_status(run.folder)
        time.sleep(0.005)
    time.sleep(delay)
    process.kill(run.folder)
    assert ended(run) == "died"


def losses(run: Run) -> dict[int, set[float]]:
    found: dict[int, set[float]] = {}
    for event in events.read(run.folder):
        if isinstance(event, Step):
            found.setdefault(event.step, set()).add(event.loss)
    return found


def assert_nothing_is_damaged(run: Run) -> None:
    assert Run.open(run.folder).record == run.record
    assert run.splits().sizes() == run.record.sizes
    for path in run.folder.glob("*.json"):
        json.loads(path.read_text())
    for path in run.folder.rglob("evaluation/**/*.parquet"):
        pd.read_parquet(path)
    events.read(run.folder)


@pytest.mark.slow
@pytest.mark.timeout(600)
def test_ten_kills_change_nothing(workspace: Workspace, tiny_encoder: str) -> None:
    whole, run = (
        create_training_run(workspace, tiny_encoder, "whole"),
        create_training_run(workspace, tiny_encoder, "killed"),
    )
    process.start(whole.folder)
    assert ended(whole) == "finished"
    dice = random.Random(0)
    kill_at(run, 0, dice.uniform(0.5, 4.0))
    for step in sorted(dice.sample(range(1, STEPS - 10), KILLS - 1)):
        kill_at(run, step, dice.uniform(0.0, 0.05))
        assert_nothing_is_damaged(run)
        assert run.result() is None
    process.start(run.folder)
    assert ended(run) == "finished", process.read_status(run.folder)
    assert_nothing_is_damaged(run)
    one, other = whole.result(), run.result()
    assert one is not None
    assert other is not None
    assert other.validation == pytest.approx(one.validation, abs=1e-4)
    assert other.test == pytest.approx(one.test, abs=1e-4)
    for split in ("validation", "test"):
        assert np.allclose(run.logits(split), whole.logits(split), atol=1e-4)
    assert max(losses(whole)) == STEPS
    expected = {step: next(iter(found)) for step, found in losses(whole).items()}
    for step, found in losses(run).items():  # whenever a step was made, and however often
        assert all(loss == pytest.approx(expected[step], abs=1e-4) for loss in found), step
    texts = run.split("test")["text"].tolist()
    assert np.allclose(classifiers.load(run.model_folder).logits(texts), whole.logits("test"), atol=1e-4)
    assert not (run.folder / "checkpoints").exists()
