"""A training that reaches the longest time of the host stops in good order and keeps its best checkpoint."""

from dataclasses import replace

import pandas as pd
import pytest

from core.experiments.launch import follow_events
from core.jobs import dispatcher, process
from core.runs import create_run
from core.training.config import TrainingConfig
from core.workspace import Workspace
from tests.toy import TOY_SOURCE
from tests.training.cases import toy


@pytest.mark.slow
@pytest.mark.timeout(400)
def test_the_longest_time_ends_a_training_and_keeps_the_model(
    workspace: Workspace, tiny_encoder: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("STUDIO_MAX_JOB_MINUTES", "1")
    config = TrainingConfig(encoder=tiny_encoder, epochs=100, batch_size=1, max_length=16, dropout=0.1)
    splits = toy("binary")
    splits = replace(splits, train=pd.concat([splits.train] * 10, ignore_index=True))
    run = create_run(workspace, splits, config, "Long", TOY_SOURCE)
    dispatcher.submit(run.folder)
    list(follow_events(run))
    status = process.read_status(run.folder)
    assert (status.state, status.message) == (
        "stopped",
        "It reached the longest time that a job may take on this host, 1 minute.",
    )
    assert run.result() is not None
