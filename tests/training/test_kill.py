"""A run that is killed at any moment and started again reaches the same result; no file is damaged."""

import json
import random
import time

import numpy as np
import pandas as pd
import pytest

from core.jobs import events, process
from core.jobs.events import Step
from core.models.classifier import load_classifier
from core.runs import Run, create_run
from core.training.config import TrainingConfig
from core.workspace import Workspace
from tests.toy import TOY_SOURCE
from tests.training.cases import toy

KILLS = 10
STEPS = 480


def create_training_run(workspace: Workspace, encoder: str, name: str) -> Run:
    config = TrainingConfig(encoder=encoder, epochs=30, batch_size=4, learning_rate=1e-3, max_length=16, dropout=0.1)
    return create_run(workspace, toy("binary"), config, name, TOY_SOURCE)


def wait_for_end(run: Run) -> str:
    """The state of the run once it has ended."""
    while process.read_status(run.folder).active:
        time.sleep(0.05)
    return process.read_status(run.folder).state


def kill_at(run: Run, step: int, delay: float) -> None:
    """Start the run, and kill it a moment after a step, or after its start for step 0."""
    process.start(run.folder)
    while step and step > max(losses(run), default=0):
        assert process.read_status(run.folder).active, process.read_status(run.folder)
        time.sleep(0.005)
    time.sleep(delay)
    process.kill(run.folder)
    assert wait_for_end(run) == "died"


def losses(run: Run) -> dict[int, set[float]]:
    by_step: dict[int, set[float]] = {}
    for event in events.read(run.folder):
        if isinstance(event, Step):
            by_step.setdefault(event.step, set()).add(event.loss)
    return by_step


def assert_nothing_is_damaged(run: Run) -> None:
    assert Run.open(run.folder) == run
    assert run.splits().sizes() == run.sizes
    for path in run.folder.glob("*.json"):
        json.loads(path.read_text())
    for path in run.folder.rglob("evaluation/**/*.parquet"):
        pd.read_parquet(path)
    events.read(run.folder)


@pytest.mark.slow
@pytest.mark.timeout(600)
def test_ten_kills_do_not_change_the_result(workspace: Workspace, tiny_encoder: str) -> None:
    whole, run = (
        create_training_run(workspace, tiny_encoder, "whole"),
        create_training_run(workspace, tiny_encoder, "killed"),
    )
    process.start(whole.folder)
    assert wait_for_end(whole) == "finished"
    dice = random.Random(0)
    kill_at(run, 0, dice.uniform(0.5, 4.0))
    for step in sorted(dice.sample(range(1, STEPS - 10), KILLS - 1)):
        kill_at(run, step, dice.uniform(0.0, 0.05))
        assert_nothing_is_damaged(run)
        assert run.result() is None
    process.start(run.folder)
    assert wait_for_end(run) == "finished", process.read_status(run.folder)
    assert_nothing_is_damaged(run)
    one, other = whole.result(), run.result()
    assert one is not None
    assert other is not None
    assert other.validation == pytest.approx(one.validation, abs=1e-4)
    assert other.test == pytest.approx(one.test, abs=1e-4)
    for split in ("validation", "test"):
        assert np.allclose(run.logits(split), whole.logits(split), atol=1e-4)
    assert max(losses(whole)) == STEPS
    expected = {step: next(iter(values)) for step, values in losses(whole).items()}
    for step, values in losses(run).items():  # a step may have been repeated after a kill
        assert all(loss == pytest.approx(expected[step], abs=1e-4) for loss in values), step
    texts = run.split("test")["text"].tolist()
    assert np.allclose(load_classifier(run.model_folder).logits(texts), whole.logits("test"), atol=1e-4)
    assert not (run.folder / "checkpoints").exists()
