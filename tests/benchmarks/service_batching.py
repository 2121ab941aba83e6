"""The service under load: 64 clients against one at a time, latency, what an idle server adds, and too many requests."""

import asyncio
import json
import os
import random
import re
import signal
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import urlsplit
from urllib.request import urlopen

import pandas as pd

from core.data.samples import CLINIC
from core.models.classifier import build_classifier, save_head
from core.models.encoders import BUILT_IN
from core.models.engines.base import ONNX_FP32, ONNX_INT8
from core.workspace import HOME_VARIABLE, Workspace
from tests.benchmarks.common import Figure, data_folder
from tests.finished import finished

CLIENTS = 64
ROUNDS = 3
SECONDS = 4.0
# Requests arrive this many times as fast as they can be answered.
_OVERLOAD = 3.0
# Room for all clients, and little enough that too many requests are refused within seconds.
_QUEUE = ("--max-texts", str(CLIENTS), "--max-queue-texts", str(2 * CLIENTS))
_SERVE = (
    "import argparse, sys; from core.prediction.serving.command import add_serve_parser; "
    "parser = argparse.ArgumentParser(); add_serve_parser(parser.add_subparsers()); "
    "options = parser.parse_args(); sys.exit(options.command(options))"
)


@dataclass
class Load:
    """What clients saw: seconds of each answered request, statuses of all, and how long it took."""

    latencies: list[float] = field(default_factory=list)
    statuses: list[int] = field(default_factory=list)
    seconds: float = 0.0

    @property
    def throughput(self) -> float:
        """Answered requests a second."""
        return len(self.latencies) / self.seconds

    def percentile(self, percent: int) -> float:
        """A percentile of the latency in seconds."""
        return statistics.quantiles(self.latencies, n=100)[percent - 1]


def service_batching() -> list[Figure]:
    """Throughput of 64 clients over that of one, p99 over p50, milliseconds that an idle server adds, and overload.

    For the short texts of the clinic sample and of BANKING77 and for those of AG News, each in float32 and in int8.
    """
    texts = {"clinic": CLINIC.read().frame[CLINIC.columns.text].tolist()}
    for name in ("banking77", "ag_news"):
        if folder := data_folder(name):
            texts[name] = pd.read_csv(folder / "test.csv", keep_default_na=False)["text"].tolist()
    return [
        figure
        for name in texts
        for engine in (ONNX_FP32, ONNX_INT8)
        for figure in _measure_engine(f"{name} {engine}", texts[name], engine)
    ]


def _measure_engine(title: str, texts: Sequence[str], engine: str) -> list[Figure]:
    with tempfile.TemporaryDirectory() as scratch, _served_model(Path(scratch), engine) as address:
        asyncio.run(_clients(address, texts, CLIENTS, SECONDS / 2))
        many, one = [], []
        idle: list[float] = []
        for _ in range(ROUNDS):
            many.append(asyncio.run(_clients(address, texts, CLIENTS, SECONDS)))
            before = _inference(address)
            one.append(asyncio.run(_clients(address, texts, 1, SECONDS)))
            after = _inference(address)
            idle.append(statistics.fmean(one[-1].latencies) - (after[0] - before[0]) / (after[1] - before[1]))
        capacity = statistics.median(load.throughput for load in many)
        crowd = asyncio.run(_crowd(address, texts, _OVERLOAD * capacity, SECONDS))
        survived = asyncio.run(_clients(address, texts, 1, 1.0))
    return _figures(title, Measured(many, one, idle, crowd, survived))


@dataclass(frozen=True)
class Measured:
    """The loads of one service: 64 clients and one in turn, seconds that it adds while idle, overload, and afterwards."""

    many: list[Load]
    one: list[Load]
    idle: list[float]
    crowd: Load
    survived: Load


def _figures(title: str, measured: Measured) -> list[Figure]:
    many, one, idle, crowd = measured.many, measured.one, measured.idle, measured.crowd
    ours, theirs = (statistics.median(load.throughput for load in loads) for loads in (many, one))
    p50, p99 = (statistics.median(load.percentile(percent) for load in many) for percent in (50, 99))
    lost = sum(status != 200 for load in (*many, *one, measured.survived) for status in load.statuses)
    unknown = sum(status not in (200, 429) for status in crowd.statuses)
    refused = crowd.statuses.count(429)
    added = statistics.median(idle)
    return [
        Figure(
            "service_batching",
            ours,
            theirs,
            ours / theirs,
            "requests/s",
            [[a.throughput, b.throughput] for a, b in zip(many, one, strict=True)],
            f"{title}: {CLIENTS} clients against one, {lost} errors in {sum(len(load.statuses) for load in many)} requests",
        ),
        Figure(
            "service_p99",
            1000 * p99,
            1000 * p50,
            p99 / p50,
            "ms",
            [[1000 * load.percentile(99), 1000 * load.percentile(50)] for load in many],
            f"{title}: p99 and p50 of {CLIENTS} clients; ratio is p99 over p50",
        ),
        Figure(
            "service_idle",
            1000 * added,
            5.0,
            5.0 / (1000 * added),
            "ms",
            [[1000 * seconds] for seconds in idle],
            f"{title}: mean latency of one client minus mean inference time, against a budget of 5 ms",
        ),
        Figure(
            "service_overload",
            crowd.throughput,
            ours,
            crowd.throughput / ours,
            "requests/s",
            [],
            f"{title}: {len(crowd.statuses)} requests, arriving at {_OVERLOAD:g} times the capacity whether answered or not: "
            f"{refused} refused with 429, {unknown} lost; ratio is answered requests over capacity",
        ),
    ]


@contextmanager
def _served_model(home: Path, engine: str) -> Iterator[str]:
    """The address of a process that serves a model on the built-in encoder; its head is not trained, which costs the same."""
    run = finished(Workspace(home / "workspaces" / "local", home), "multiclass", test=40)
    save_head(build_classifier(BUILT_IN, run.task, 128), run.model_folder)
    command = [sys.executable, "-c", _SERVE, "serve", str(run.folder), "--port", "0", "--engine", engine, *_QUEUE]
    environment = os.environ | {HOME_VARIABLE: str(home)}
    with subprocess.Popen(command, stderr=subprocess.PIPE, text=True, env=environment) as process:
        try:
            assert process.stderr is not None
            yield process.stderr.readline().split(" on ")[1].split()[0]
            process.send_signal(signal.SIGTERM)
            assert process.wait(60) == 0
        finally:
            process.kill()


def _inference(address: str) -> tuple[float, float]:
    """Seconds of inference so far, and the number of batches."""
    with urlopen(f"{address}/metrics") as response:
        text = response.read().decode()
    total, count = (
        sum(map(float, re.findall(rf"^studio_inference_seconds_{name}{{.*}} (.+)$", text, re.MULTILINE)))
        for name in ("sum", "count")
    )
    return total, count


def _request(text: str, keep_alive: bool) -> bytes:
    body = json.dumps({"inputs": text}).encode()
    connection = "keep-alive" if keep_alive else "close"
    return (
        f"POST /predict HTTP/1.1\r\nHost: x\r\nConnection: {connection}\r\nContent-Length: {len(body)}\r\n\r\n".encode()
        + body
    )


async def _answer(reader: asyncio.StreamReader) -> int:
    """The status of the next response; its body is read and thrown away."""
    head = await reader.readuntil(b"\r\n\r\n")
    length = re.search(rb"content-length: (\d+)", head, re.IGNORECASE)
    assert length
    await reader.readexactly(int(length[1]))
    return int(head[9:12])


async def _clients(address: str, texts: Sequence[str], clients: int, seconds: float) -> Load:
    """Clients that each wait for an answer before they send the next request."""
    load = Load()
    parts = urlsplit(address)
    start = time.perf_counter()

    async def talk(rng: random.Random) -> None:
        reader, writer = await asyncio.open_connection(parts.hostname, parts.port)
        while (sent := time.perf_counter()) < start + seconds:
            writer.write(_request(rng.choice(texts), True))
            load.statuses.append(await _answer(reader))
            load.latencies.append(time.perf_counter() - sent)
        writer.close()
        await writer.wait_closed()

    await asyncio.gather(*(talk(random.Random(i)) for i in range(clients)))
    load.seconds = time.perf_counter() - start
    return load


async def _crowd(address: str, texts: Sequence[str], rate: float, seconds: float) -> Load:
    """Requests that arrive at a rate, each on a connection of its own, whether or not earlier ones were answered."""
    load = Load()
    parts = urlsplit(address)
    rng = random.Random(0)
    start = time.perf_counter()

    async def visit() -> None:
        sent = time.perf_counter()
        try:
            reader, writer = await asyncio.open_connection(parts.hostname, parts.port)
            writer.write(_request(rng.choice(texts), False))
            status = await _answer(reader)
            writer.close()
        except (OSError, asyncio.IncompleteReadError):
            status = 0
        load.statuses.append(status)
        if status == 200:
            load.latencies.append(time.perf_counter() - sent)

    visits, arrival = [], start
    while arrival < start + seconds:
        await asyncio.sleep(max(0.0, arrival - time.perf_counter()))
        visits.append(asyncio.create_task(visit()))
        arrival += rng.expovariate(rate)
    await asyncio.gather(*visits)
    load.seconds = time.perf_counter() - start
    return load
