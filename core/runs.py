"""A training run that lasts: what was trained on what and how (run.json), its rows, its predictions, its results.

::

    <runs>/<id>/  run.json  status.json  events.jsonl  log.txt
                  splits/{train,validation,test}.parquet   checkpoints/   model/
                  evaluation/<split>/<who>.parquet  evaluation/result.json  evaluation/looks.jsonl
"""

import importlib.metadata
import json
import platform
from collections.abc import Sequence
from dataclasses import asdict, dataclass, field, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Self

import numpy as np
import pandas as pd

from core import host
from core.data.splitting import SplitConfig, Splits, load_split
from core.errors import RunError
from core.task import Floats, Task
from core.workspace import (
    Workspace,
    create_folder_atomically,
    find_child,
    folders,
    read_json,
    write_atomically,
    write_json,
)

_RECORD = "run.json"
_VERSIONED = ("torch", "transformers", "tokenizers", "datasets", "scikit-learn", "accelerate")
# Who made a set of predictions: the run's model, or one of the baselines beside it.
MODEL = "model"


@dataclass(frozen=True)
class RunRecord:
    """run.json: all that is needed to repeat the run."""

    name: str
    task: dict[str, Any]
    config: dict[str, Any]
    dataset: dict[str, Any]
    split_config: dict[str, Any]
    split_fingerprint: str
    sizes: dict[str, int]
    versions: dict[str, str]
    host: dict[str, Any]
    created: str
    # Which runs were started together, and why: {"id", "kind": "seeds" or "folds", "number", "of"}; empty for a single one.
    group: dict[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class Result:
    """What came out: metrics of each split, wall seconds of the whole job, peak memory, speed of prediction."""

    validation: dict[str, float]
    test: dict[str, float]
    baselines: dict[str, dict[str, float]]
    seconds: float
    peak_memory_mb: float
    prediction_seconds: float
    texts_per_second: float


@dataclass(frozen=True)
class Run:
    """A run's folder and its record."""

    folder: Path
    record: RunRecord
    task: Task = field(init=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "task", Task.from_json(self.record.task))

    @property
    def id(self) -> str:
        """The folder's name."""
        return self.folder.name

    @property
    def name(self) -> str:
        """What people call it."""
        return self.record.name

    @property
    def model_folder(self) -> Path:
        """Where the trained model is, once there is one."""
        return self.folder / "model"

    @classmethod
    def open(cls, folder: Path) -> Self:
        """The run in a folder.

        Raises:
            RunError: there is none, or its record cannot be read.
        """
        try:
            return cls(folder, RunRecord(**read_json(folder / _RECORD)))
        except (OSError, TypeError, json.JSONDecodeError) as error:
            raise RunError(
                f"{folder.name} is no run, or its run.json is damaged.", "Choose one on the Models page."
            ) from error

    def renamed(self, name: str) -> Self:
        """The run under another name, on disk too.

        Raises:
            RunError: the name is empty.
        """
        if not name.strip():
            raise RunError("A run needs a name.", "Type one.")
        record = replace(self.record, name=name.strip())
        write_json(self.folder / _RECORD, asdict(record))
        return type(self)(self.folder, record)

    def reconfigured(self, config: dict[str, Any]) -> Self:
        """The run with other settings, on disk too."""
        record = replace(self.record, config=config)
        write_json(self.folder / _RECORD, asdict(record))
        return type(self)(self.folder, record)

    def splits(self) -> Splits:
        """The rows it was made with."""
        return Splits.load(self.folder / "splits", self.task)

    def split(self, name: str) -> pd.DataFrame:
        """The rows of one split: row, text, label."""
        return load_split(self.folder / "splits", name, self.task)

    def save_logits(self, split: str, source: str, logits: Floats) -> None:
        """Keep logits (n, outputs) for the rows of a split, so that evaluating never predicts twice."""
        frame = pd.DataFrame(logits, columns=[str(i) for i in range(self.task.outputs)])
        write_atomically(
            self.folder / "evaluation" / split / f"{source}.parquet", lambda path: frame.to_parquet(path, index=False)
        )

    def logits(self, split: str, source: str = MODEL) -> Floats:
        """What :meth:`save_logits` kept."""
        return pd.read_parquet(self.folder / "evaluation" / split / f"{source}.parquet").to_numpy(dtype=np.float32)

    def has_logits(self, split: str, source: str = MODEL) -> bool:
        """Whether there are answers of one to a split."""
        return (self.folder / "evaluation" / split / f"{source}.parquet").exists()

    def save_result(self, result: Result) -> None:
        """Keep the result; from then on the run counts as usable."""
        write_json(self.folder / "evaluation" / "result.json", asdict(result))

    def result(self) -> Result | None:
        """The result, None while there is none."""
        path = self.folder / "evaluation" / "result.json"
        return Result(**read_json(path)) if path.exists() else None

    def count_test_views(self) -> int:
        """How often somebody has looked at the test results."""
        path = self.folder / "evaluation" / "looks.jsonl"
        return len(path.read_text(encoding="utf-8").splitlines()) if path.exists() else 0

    def record_test_view(self, where: str) -> None:
        """Count a look at the test results."""
        path = self.folder / "evaluation" / "looks.jsonl"
        path.parent.mkdir(exist_ok=True)
        with path.open("a", encoding="utf-8") as file:
            file.write(json.dumps({"time": datetime.now(UTC).isoformat(timespec="seconds"), "where": where}) + "\n")


def create_run(
    workspace: Workspace,
    splits: Splits,
    config: dict[str, Any],
    name: str,
    dataset: dict[str, Any],
    split_config: SplitConfig,
    group: dict[str, Any] | None = None,
) -> Run:
    """Make the folder of a run that is ready to start; ``dataset`` says where the rows came from (name, fingerprint)."""
    record = RunRecord(
        name=name,
        task=splits.task.to_json(),
        config=config,
        dataset=dataset,
        split_config=asdict(split_config),
        split_fingerprint=splits.fingerprint(),
        sizes=splits.sizes(),
        versions={package: importlib.metadata.version(package) for package in _VERSIONED}
        | {"python": platform.python_version()},
        host={"machine": platform.machine(), "cores": host.cores(), "memory_mb": round(host.memory_bytes() / 1e6)},
        created=datetime.now(UTC).isoformat(timespec="seconds"),
        group=group or {},
    )
    with create_folder_atomically(workspace.runs, name) as folder:
        splits.save(folder / "splits")
        write_json(folder / _RECORD, asdict(record))
    return Run(workspace.runs / folder.name, record)


def list_runs(workspace: Workspace) -> Sequence[Run]:
    """All runs of a workspace, newest first."""
    return [Run.open(folder) for folder in folders(workspace.runs, _RECORD)]


def find_run(workspace: Workspace, identifier: str) -> Run:
    """The run of that id.

    Raises:
        RunError: there is none.
    """
    folder = find_child(workspace.runs, identifier)
    if folder is None:
        raise RunError(f"There is no run {identifier!r}.", "Choose one on the Models page.")
    return Run.open(folder)
