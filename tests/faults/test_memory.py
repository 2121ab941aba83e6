"""A worker that may use too little memory: the run says so in a sentence, and finished work is intact."""

import os
import subprocess
import sys

import pytest

from core.data.samples import CLINIC
from core.experiments.launch import create_training_run, sample_dataset
from core.jobs import process
from core.training.config import TrainingConfig
from core.workspace import Workspace
from tests.browser.conftest import ROOT, free_port, start_server
from tests.faults.checks import fingerprints, open_every_page
from tests.streamlit_client import Visitor

# The worker sets its limit itself, after its libraries are loaded, as a host with little memory would.
_LIMITED = (
    "import resource, sys, torch, transformers, psutil; import core.training.trainer; "
    "limit = psutil.Process().memory_info().data + int(sys.argv[1]) * 1_000_000; "
    "resource.setrlimit(resource.RLIMIT_DATA, (limit, limit)); "
    "from core.__main__ import main; sys.exit(main(['run', sys.argv[2]]))"
)


@pytest.mark.skipif(sys.platform != "linux", reason="RLIMIT_DATA covers all memory only on Linux.")
@pytest.mark.parametrize("megabytes", [30, 90, 150])
def test_too_little_memory_is_a_sentence(workspace: Workspace, megabytes: int) -> None:
    before = fingerprints(workspace)
    config = TrainingConfig(epochs=1, batch_size=64, max_length=128)
    run = create_training_run(workspace, sample_dataset(workspace, CLINIC), config)
    worker = subprocess.run(
        [sys.executable, "-c", _LIMITED, str(megabytes), str(run.folder)],
        cwd=ROOT,
        env=os.environ | {"STUDIO_HOME": str(workspace.home), "OMP_NUM_THREADS": "1"},
        capture_output=True,
        text=True,
        timeout=280,
        check=False,
    )
    status = process.read_status(run.folder)
    assert worker.returncode != 0
    assert status.state in ("failed", "died"), (status, worker.stderr[-2000:])
    assert "memory" in status.message, (status, worker.stderr[-2000:])
    assert fingerprints(workspace) == before
    server = start_server(workspace.home, free_port())
    try:
        open_every_page(server)
        with Visitor(server.url) as visitor:
            visitor.open("models", f"run={run.id}")
            assert "memory" in visitor.text()
    finally:
        server.process.kill()
        server.process.wait()
