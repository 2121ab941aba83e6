"""Two processes that train together reach the same result as one."""

import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from core.jobs import process
from core.runs import Run, create_run
from core.training.config import TrainingConfig
from core.workspace import Workspace
from tests.toy import TOY_SOURCE
from tests.training.cases import toy

LAUNCHERS = {
    "torchrun": ["torch.distributed.run", "--standalone", "--nproc-per-node", "2", "-m", "core"],
    "accelerate": ["accelerate.commands.launch", "--cpu", "--num_processes", "2", "--num_machines", "1",
                   "--mixed_precision", "no", "--dynamo_backend", "no", "-m", "core"],
}  # fmt: skip


def create_training_run(workspace: Workspace, encoder: str, name: str) -> Run:
    config = TrainingConfig(
        encoder=encoder, epochs=2, batch_size=8, learning_rate=5e-3, max_length=16, mixed_precision=False
    )
    return create_run(workspace, toy("binary"), config, name, TOY_SOURCE)


@pytest.mark.slow
@pytest.mark.parametrize("launcher", LAUNCHERS)
def test_two_processes_reach_the_same_result_as_one(launcher: str, workspace: Workspace, tiny_encoder: str) -> None:
    alone, together = (create_training_run(workspace, tiny_encoder, name) for name in ("alone", "together"))
    environment = os.environ | {"OMP_NUM_THREADS": "1"}
    for command, run in ((["core"], alone), (LAUNCHERS[launcher], together)):
        completed = subprocess.run(
            [sys.executable, "-m", *command, "run", str(run.folder)],
            env=environment,
            capture_output=True,
            text=True,
            timeout=240,
            cwd=Path(__file__).parents[2],
        )
        assert completed.returncode == 0, completed.stderr[-3000:]
        assert process.read_status(run.folder).state == "finished"
    assert np.allclose(alone.logits("test"), together.logits("test"), atol=1e-4)
