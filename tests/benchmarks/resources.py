"""Memory of the app and a training together, and how far a plan is from what then happens."""

import json
import sys
import tempfile
import time
from dataclasses import replace
from pathlib import Path

import numpy as np
import psutil
from playwright.sync_api import sync_playwright

from core.data.columns import ColumnChoice
from core.data.dataset import save_dataset
from core.data.reading.files import read_file
from core.data.splitting import SplitConfig
from core.data.table import Table
from core.estimation.cost import estimate_cost
from core.estimation.speed import read_speed, speed_job
from core.experiments.launch import create_training_run
from core.jobs import process
from core.models.encoders import BUILT_IN
from core.models.tokenization import count_tokens
from core.training.config import TrainingConfig
from core.training.presets import recommended
from core.workspace import Workspace
from tests.benchmarks.common import Figure, data_folder
from tests.browser.conftest import CHROMIUM, FLAGS, Server, free_port, start_server, switch, visit

_LIMIT_MB = 1500.0
_SIZES = (300, 1_000, 3_000)


def memory_training() -> list[Figure]:
    """Summed proportional set size of server and training, batch 16, texts cut at 128 pieces, largest seen."""
    source = data_folder("banking77")
    if source is None:
        return []
    with tempfile.TemporaryDirectory() as scratch:
        home = Path(scratch)
        workspace = Workspace(home / "workspaces" / "local", home)
        dataset = save_dataset(
            workspace,
            _head(source / "train.csv", 2_000),
            ColumnChoice("text", "category", "multiclass"),
            SplitConfig(),
            "B",
        )
        config = TrainingConfig(epochs=1, batch_size=16, max_length=128)
        run = create_training_run(workspace, dataset, config)
        server = start_server(home, free_port())
        try:
            _visit(server)
            process.start(run.folder)
            peak = 0.0
            while (status := process.read_status(run.folder)).active:
                pids = {server.process.pid, status.pid} - {0}
                peak = max(peak, sum(_proportional_mb(pid) for pid in pids))
                time.sleep(0.2)
        finally:
            server.process.kill()
        assert status.state == "finished", status
    how = "app and training, summed PSS, batch 16, length 128"
    return [Figure("memory_training", peak, _LIMIT_MB, _LIMIT_MB / peak, "MB", [], how)]


def plan_error() -> list[Figure]:
    """Planned against real seconds and memory of three sizes; worst ratio of each, in either direction."""
    source = data_folder("ag_news")
    if source is None:
        return []
    seconds, memory = [], []
    with tempfile.TemporaryDirectory() as scratch:
        home = Path(scratch)
        workspace = Workspace(home / "workspaces" / "local", home)
        measurement = speed_job(home, BUILT_IN, True)
        measurement.start()
        while (status := measurement.status()) is not None and status.active:
            time.sleep(0.2)
        speed = read_speed(measurement)
        assert speed is not None
        for size in _SIZES:
            table = _head(source / "test.csv", size)
            dataset = save_dataset(
                workspace, table, ColumnChoice("text", "label", "multiclass"), SplitConfig(), str(size)
            )
            run = create_training_run(workspace, dataset, recommended(round(0.7 * size), 4))
            config = run.config
            lengths = np.asarray(count_tokens(BUILT_IN, run.split("train")["text"].tolist()).pieces)
            sizes = run.sizes
            planned = estimate_cost(config, lengths, (sizes["train"], sizes["validation"], sizes["test"]), speed)
            process.start(run.folder)
            while process.read_status(run.folder).active:
                time.sleep(0.2)
            result = run.result()
            assert result is not None
            seconds.append([planned.seconds, result.seconds])
            memory.append([planned.memory_mb, result.peak_memory_mb])
            print(json.dumps({"rows": size, "seconds": seconds[-1], "memory": memory[-1]}), file=sys.stderr)
    how = f"planned and real, for {', '.join(map(str, _SIZES))} rows"
    return [
        Figure("plan_error_seconds", _worst(seconds), 0.3, _worst(seconds) / 0.3, "share", seconds, how),
        Figure("plan_error_memory", _worst(memory), 0.2, _worst(memory) / 0.2, "share", memory, how),
    ]


def _visit(server: Server) -> None:
    """Open the Train page, as the one who starts a training does."""
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, headless=True, args=FLAGS)
        page = browser.new_page()
        visit(page, server)
        switch(page, "Train")
        browser.close()


def _worst(pairs: list[list[float]]) -> float:
    return max(abs(planned / real - 1) for planned, real in pairs)


def _head(file: Path, rows: int) -> Table:
    table = read_file(file)
    return replace(table, frame=table.frame.sample(rows, random_state=0).reset_index(drop=True))


def _proportional_mb(pid: int) -> float:
    try:
        return float(psutil.Process(pid).memory_full_info().pss) / 1e6
    except psutil.Error:
        return 0.0
