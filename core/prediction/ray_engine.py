"""Prediction of files with Ray Data, on this machine or on a cluster: the same shards and outputs as without Ray.

::

    files -> chunks of rows -> ShardPredictor (a pool of actors) -> shards -> outputs

The rows are read as everywhere, not with ``ray.data.read_parquet``, so that all formats work and cells get the same types.
Ray starts a worker again that died; a shard that was complete is not computed again. All machines of a cluster need the
project, the model, the inputs and the outputs under the same paths.
"""

import importlib
import importlib.util
import json
import logging
import os
import socket
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pyarrow as pa

from core import host
from core.data.reading.chunks import Chunk
from core.errors import ConfigError, RunError, StudioError
from core.jobs.events import OnEvent, Phase, Progress, ignore_event
from core.models.engines.load import default_engine
from core.prediction.batch_file import SHARD_ROWS, BatchRequest, open_shards, predict_in_shards, present_summary
from core.prediction.batch_files import keep_loaded
from core.prediction.batch_rows import load_predictor, predict_chunk
from core.prediction.batch_shards import Shards
from core.workspace import HOME_VARIABLE, default_home

RAY = "ray"
_ADDRESS_VARIABLE = "RAY_ADDRESS"
# Few cores per actor share one model in memory; more actors are faster than more threads in one.
_CORES_PER_ACTOR = 2
# A chunk of rows has at most a few megabytes, and few of them wait at a time.
_OBJECT_STORE_BYTES = 300_000_000
_CONNECT_SECONDS = 5


@dataclass(frozen=True)
class _File:
    """A file to predict, the folder of its shards, and the number of its rows."""

    request: BatchRequest
    shards: Path
    rows: int


class ShardPredictor:
    """An actor of Ray Data that holds a model, and computes a shard from each chunk of rows that it is given."""

    def __init__(self, model_folder: Path, column: str) -> None:
        self._model_folder, self._column = model_folder, column
        self._load = keep_loaded(load_predictor)

    def __call__(self, batch: pa.Table) -> pa.Table:
        """Compute and save the shard of a batch with one row of :func:`_read_chunks`; its rows, and an error if there is one."""
        [row] = batch.to_pylist()
        error = None
        try:
            if row["chunk"] is not None:
                self._save_shard(row)
        except StudioError as caught:  # Ray would keep only its traceback
            error = [caught.message, caught.hint]
        return pa.table({"rows": [row["rows"]], "error": pa.array([error], pa.list_(pa.string()))})

    def _save_shard(self, row: dict[str, Any]) -> None:
        shards = Shards(Path(row["shards"]))
        with shards.claim(row["number"]) as claimed:
            if claimed:
                predictor = self._load(self._model_folder, shards.engine())
                problems = {int(position): problem for position, problem in json.loads(row["problems"]).items()}
                chunk = Chunk(pa.ipc.open_stream(row["chunk"]).read_all(), problems)
                shards.save(row["number"], *predict_chunk(predictor, chunk, self._column))


def predict_with_ray(requests: Sequence[BatchRequest], on_event: OnEvent) -> None:
    """Predict files with one model and write their outputs; ``predict_in_shards`` then gives the summary of each at once.

    Connects to the cluster of the environment variable ``RAY_ADDRESS``, or else starts Ray on this machine. Files that cannot
    be read are left to ``predict_in_shards``, which says why.

    Raises:
        ConfigError: Ray is not installed.
        StudioError: the model cannot be loaded, or the disk is full.
        RunError: the cluster does not answer, or its workers fail.
    """
    if importlib.util.find_spec("ray") is None:
        raise ConfigError("Ray is not installed.", "Run: pip install -r requirements-cluster.txt")
    engine = default_engine(requests[0].model_folder)
    on_event(Phase("starting Ray"))
    with _connected() as ray, _worker_errors(ray):
        on_event(Phase("reading"))
        survey, write = ray.remote(num_cpus=1)(_survey), ray.remote(num_cpus=1)(_write_output)
        found = ray.get([survey.remote(request, engine) for request in requests])
        files = [file for file in found if file is not None]
        if not files:
            return
        on_event(Phase("predicting"))
        total, done = sum(file.rows for file in files), 0
        for row in _dataset(ray, files).iter_rows():
            if row["error"] is not None:
                raise StudioError(*row["error"])
            done += row["rows"]
            on_event(Progress(done, total))
        on_event(Phase("writing"))
        ray.get([write.remote(file.request) for file in files])


@contextmanager
def _connected() -> Iterator[Any]:
    """The module ``ray``, connected to a cluster or to a new one on this machine, which ends with the context."""
    os.environ.setdefault("RAY_USAGE_STATS_ENABLED", "0")
    os.environ.setdefault("RAY_BACKEND_LOG_LEVEL", "fatal")  # the driver would print what the logs of Ray have
    ray: Any = importlib.import_module("ray")
    importlib.import_module("ray.data")
    logging.getLogger("ray.data").setLevel(logging.CRITICAL)
    # Ray's temporary folder has a short path because the path of a socket has at most 107 characters.
    short = "/tmp" if Path("/tmp").is_dir() else None
    with tempfile.TemporaryDirectory(prefix="ray-", dir=short, ignore_cleanup_errors=True) as folder:
        address = os.environ.get(_ADDRESS_VARIABLE)
        settings: dict[str, Any] = {"address": address}
        if address:
            _check_answers(address)
        else:
            settings = {
                "address": "local",
                "num_cpus": host.cores(),
                "object_store_memory": _OBJECT_STORE_BYTES,
                "include_dashboard": False,
                "_temp_dir": folder,
            }
        try:
            ray.init(**settings, runtime_env=_environment(), log_to_driver=False, logging_level=logging.ERROR)
        except (ConnectionError, RuntimeError, ValueError) as error:
            raise RunError(
                f"Ray cannot be started: {error}", f"Check {_ADDRESS_VARIABLE} and the log of Ray."
            ) from error
        try:
            yield ray
        finally:
            ray.shutdown()


def _check_answers(address: str) -> None:
    """Check that the head of a cluster can be reached; Ray itself would wait for minutes.

    Raises:
        RunError: it cannot.
    """
    head = urlsplit(address if "://" in address else f"ray://{address}")
    try:
        if head.hostname and head.port:  # not for "auto"
            socket.create_connection((head.hostname, head.port), _CONNECT_SECONDS).close()
    except (OSError, ValueError) as error:
        raise RunError(
            f"There is no Ray cluster at {address}.",
            f"Correct {_ADDRESS_VARIABLE}, or unset it to use this machine alone.",
        ) from error


def _environment(**variables: object) -> dict[str, Any]:
    """The environment of workers, which may run on other machines: where the project and its home are."""
    project = str(Path(__file__).parents[2])
    paths = [project, *filter(None, [os.environ.get("PYTHONPATH")])]
    known = {"PYTHONPATH": os.pathsep.join(paths), HOME_VARIABLE: str(default_home())}
    return {"env_vars": known | {name: str(value) for name, value in variables.items()}}


@contextmanager
def _worker_errors(ray: Any) -> Iterator[None]:
    """Raise the error of a worker as ours."""
    try:
        yield
    except ray.exceptions.RayError as error:
        reason = str(error).split("\n\nThe above exception")[0].strip().split("\n")[-1]
        raise RunError(
            f"A worker of Ray failed: {reason}", "Run the same command again: complete shards are kept."
        ) from error


def _survey(request: BatchRequest, engine: str) -> _File | None:
    """The file with its number of rows; None if its output is complete, or if it cannot be predicted."""
    with suppress(StudioError):
        shards = open_shards(request)
        if present_summary(request, shards) is None:
            table = request.open_table()
            shards.save_engine(shards.engine() or engine)
            return _File(request, shards.folder, table.rows)
    return None


def _dataset(ray: Any, files: Sequence[_File]) -> Any:
    """A Ray dataset that computes the shards of files when it is read: a row with the number of rows for each shard."""
    context = ray.data.DataContext.get_current()
    context.target_max_block_size = 1  # a block for each chunk, so that chunks are spread over the actors
    context.enable_progress_bars = False
    nodes = [int(node["Resources"].get("CPU", 0)) for node in ray.nodes() if node["Alive"]]
    cores = max(1, min(_CORES_PER_ACTOR, *(count for count in nodes if count)))
    actors = max(1, sum(count // cores for count in nodes))
    request = files[0].request
    threads = _environment(**dict.fromkeys((host.CORES_VARIABLE, "OMP_NUM_THREADS", "RAYON_NUM_THREADS"), cores))
    return (
        ray.data.from_items([{"file": file} for file in files], override_num_blocks=len(files))
        # Actors may hold all cores, and reading takes little.
        .map_batches(_read_chunks, batch_size=1, num_cpus=0)
        .map_batches(
            ShardPredictor,
            fn_constructor_args=(request.model_folder, request.column),
            batch_size=1,
            batch_format="pyarrow",
            compute=ray.data.ActorPoolStrategy(min_size=1, max_size=actors),
            num_cpus=cores,
            runtime_env=threads,
        )
    )


def _read_chunks(batch: dict[str, Any]) -> Iterator[pa.Table]:
    """A row for each chunk of a file: the shard that it becomes, its rows as Arrow bytes, and their problems.

    A shard that is complete has no bytes.
    """
    [file] = batch["file"]
    shards = Shards(file.shards)
    for number, chunk in enumerate(file.request.open_table().read(SHARD_ROWS)):
        needed = shards.counts(number) is None
        yield pa.table(
            {
                "shards": [str(file.shards)],
                "number": [number],
                "rows": [len(chunk)],
                "chunk": pa.array([_to_bytes(chunk.table) if needed else None], pa.large_binary()),
                "problems": [json.dumps(dict(chunk.problems))],
            }
        )


def _to_bytes(table: pa.Table) -> bytes:
    sink = pa.BufferOutputStream()
    with pa.ipc.new_stream(sink, table.schema) as writer:
        writer.write_table(table)
    return bytes(sink.getvalue())


def _write_output(request: BatchRequest) -> None:
    """Write the output of a file from its shards; a shard that is missing is computed here."""
    with suppress(StudioError):
        predict_in_shards(request, load_predictor, ignore_event)
