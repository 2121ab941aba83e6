"""A training run that lasts: what was trained on what and how (run.json), its rows, its logits and its results.

::

    <runs>/<id>/  run.json  status.json  events.jsonl  log.txt
                  splits/{train,validation,test}.parquet   checkpoints/   first/   model/
                  evaluation/<split>/<source>.parquet  evaluation/result.json  evaluation/looks.jsonl
"""

import json
from dataclasses import asdict, dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Literal, Self

import numpy as np
import pandas as pd

from core import host, migrations
from core.data.columns import SPLITS
from core.data.dataset import DatasetRef
from core.data.splitting import SplitConfig, Splits, load_split
from core.disk import check_disk
from core.errors import RunError, storing
from core.models.record import RECORD_FILE
from core.run_result import Result
from core.storage import (
    DamagedFolder,
    damaged,
    load_folders,
    parse_record,
    read_folder,
    read_parquet,
    read_record,
    unless_changed,
    write_folder,
    write_record,
)
from core.task import Floats, Task
from core.training.config import TrainingConfig
from core.training.disk import training_disk
from core.workspace import Workspace, create_folder_atomically, find_child, write_atomically

_RECORD = "run.json"
_RESULT = "result.json"
_TEST_VIEWS = "looks.jsonl"
# The source of logits: the run's model; baselines have other names.
MODEL = "model"


@dataclass(frozen=True)
class RunGroup:
    """Runs that were started together: the group's id, what differs between them, and this run's place among ``size``."""

    id: str
    kind: Literal["seeds", "folds"]
    number: int
    size: int


@dataclass(frozen=True)
class Run:
    """A run's folder and what its run.json holds: all that is needed to repeat the run. ``sizes`` counts each split's rows.

    ``source`` is "imported" for a run whose zip came from elsewhere.
    """

    folder: Path
    name: str
    task: Task
    config: TrainingConfig
    dataset: DatasetRef
    split_config: SplitConfig
    split_fingerprint: str
    sizes: dict[str, int]
    versions: dict[str, str]
    host: dict[str, str | int | float]
    created: str
    group: RunGroup | None = None
    source: Literal["trained", "imported"] = "trained"

    def __post_init__(self) -> None:
        if missing := set(SPLITS) - set(self.sizes):
            raise RunError(f"the size of the split {sorted(missing)[0]!r} is missing")

    @property
    def id(self) -> str:
        """The folder's name."""
        return self.folder.name

    @property
    def model_folder(self) -> Path:
        """The folder of the trained model, once there is one."""
        return self.folder / "model"

    @property
    def first_model_folder(self) -> Path:
        """The folder of the first model, which predicts until the trained one is there; only instant runs have one."""
        return self.folder / "first"

    @property
    def _evaluation(self) -> Path:
        return self.folder / "evaluation"

    @classmethod
    def open(cls, folder: Path) -> Self:
        """The run in a folder.

        Raises:
            StorageError: its record is missing or damaged.
        """
        return read_folder(cls, folder, _RECORD, migrations.upgrade_run)

    def rename(self, name: str) -> Self:
        """The run under another name, on disk too.

        Raises:
            RunError: the name is empty.
        """
        if not name.strip():
            raise RunError("A run needs a name.", "Type a name.")
        return self._saved(replace(self, name=name.strip()))

    def reconfigure(self, config: TrainingConfig) -> Self:
        """The run with other settings, on disk too."""
        return self._saved(replace(self, config=config))

    def _saved(self, changed: Self) -> Self:
        write_folder(changed, self.folder, _RECORD)
        return changed

    def splits(self) -> Splits:
        """The rows of all splits.

        Raises:
            StorageError: a file is missing or damaged.
        """
        return Splits.load(self.folder / "splits", self.task)

    def split(self, name: str) -> pd.DataFrame:
        """The rows of one split: row, text, label.

        Raises:
            StorageError: the file is missing or damaged.
        """
        frame = load_split(self.folder / "splits", name, self.task)
        if len(frame) != self.sizes[name]:
            path = self.folder / "splits" / f"{name}.parquet"
            raise damaged(path, f"expected {self.sizes[name]:,} rows, found {len(frame):,}")
        return frame

    def save_logits(self, split: str, source: str, logits: Floats) -> None:
        """Write logits (n, outputs) for the rows of a split, so that evaluation never predicts twice."""
        frame = pd.DataFrame(logits, columns=[str(i) for i in range(self.task.outputs)])
        write_atomically(self._logits_path(split, source), lambda path: frame.to_parquet(path, index=False))

    def logits(self, split: str, source: str = MODEL) -> Floats:
        """The logits (n, outputs) of the model or a baseline for the rows of a split.

        Raises:
            StorageError: the file is missing or damaged, or does not fit the rows.
        """
        path = self._logits_path(split, source)
        frame = read_parquet(path, tuple(str(i) for i in range(self.task.outputs)))
        if len(frame) != self.sizes[split]:
            raise damaged(path, f"expected {self.sizes[split]:,} rows, found {len(frame):,}")
        try:
            logits = frame.to_numpy(dtype=np.float32)
        except (TypeError, ValueError) as error:
            raise damaged(path, "it does not hold numbers") from error
        # Version 0.1 kept the temperature in a file of its own; its logits are those before scaling.
        temperature = migrations.legacy_temperature(self.model_folder) if source == MODEL else 1.0
        return np.asarray(logits / temperature, dtype=np.float32)

    def has_logits(self, split: str, source: str = MODEL) -> bool:
        """Whether there are logits of the model or a baseline for a split."""
        return self._logits_path(split, source).exists()

    def _logits_path(self, split: str, source: str) -> Path:
        return self._evaluation / split / f"{source}.parquet"

    def save_result(self, result: Result) -> None:
        """Write the result; from then on the run counts as finished."""
        write_record(self._evaluation / _RESULT, asdict(result))

    def result(self) -> Result | None:
        """The result; None while there is none.

        Raises:
            StorageError: the file is damaged.
        """
        path = self._evaluation / _RESULT
        if not path.exists():
            return None
        record = read_record(path, lambda old: old | {"temperature": migrations.legacy_temperature(self.model_folder)})
        return parse_record(Result, record, path)

    def first_model(self) -> Path | None:
        """The folder of the first model while it is the only model that can predict, else None.

        Raises:
            StorageError: the result is damaged.
        """
        is_saved = (self.first_model_folder / RECORD_FILE).is_file()
        return self.first_model_folder if is_saved and self.result() is None else None

    def count_test_views(self) -> int:
        """The number of times that somebody has viewed the test results."""
        path = self._evaluation / _TEST_VIEWS
        try:
            return len(path.read_bytes().splitlines())
        except OSError:
            return 0

    def record_test_view(self, where: str) -> None:
        """Append a view of the test results to the record of views.

        Raises:
            StorageError: it cannot be written, such as on a full disk.
        """
        path = self._evaluation / _TEST_VIEWS
        line = json.dumps({"time": datetime.now(UTC).isoformat(timespec="seconds"), "where": where}) + "\n"
        with storing("This view of the test results"):
            path.parent.mkdir(exist_ok=True)
            with path.open("a", encoding="utf-8") as file:
                file.write(line)


@dataclass(frozen=True)
class RunSource:
    """Where a new run's rows come from: the dataset and how it was split."""

    dataset: DatasetRef
    split_config: SplitConfig
    group: RunGroup | None = None


def create_run(workspace: Workspace, splits: Splits, config: TrainingConfig, name: str, source: RunSource) -> Run:
    """A new run that is ready to start, in a folder of its own.

    Raises:
        LimitError: the disk, or what the host grants of it, has no room for it.
    """
    kept, peak = training_disk(config)
    rows = sum(int(frame.memory_usage(index=False).sum()) for _, frame in splits)
    check_disk(workspace, kept + rows, "The training", peak + rows)
    with create_folder_atomically(workspace.runs, name) as folder:
        run = Run(
            folder=workspace.runs / folder.name,
            name=name,
            task=splits.task,
            config=config,
            dataset=source.dataset,
            split_config=source.split_config,
            split_fingerprint=splits.fingerprint(),
            sizes=splits.sizes(),
            versions=host.versions(),
            host=host.describe(),
            created=datetime.now(UTC).isoformat(timespec="seconds"),
            group=source.group,
        )
        splits.save(folder / "splits")
        write_folder(run, folder, _RECORD)
    return run


def list_runs(workspace: Workspace) -> list[Run]:
    """The runs of a workspace that can be opened, newest first."""
    return load_folders(workspace.runs, _open_checked)[0]


def damaged_runs(workspace: Workspace) -> list[DamagedFolder]:
    """The run folders of a workspace that cannot be opened, newest first."""
    return load_folders(workspace.runs, _open_checked)[1]


@unless_changed(_RECORD, f"evaluation/{_RESULT}")
def _open_checked(folder: Path) -> Run:
    """The run in a folder whose result can be read, too."""
    run = Run.open(folder)
    run.result()
    return run


def find_run(workspace: Workspace, identifier: str) -> Run:
    """The run with an id.

    Raises:
        RunError: there is no such run.
        StorageError: its record is damaged.
    """
    folder = find_child(workspace.runs, identifier)
    if folder is None:
        raise RunError(f"There is no run {identifier!r}.", "Choose one on the Models page.")
    return Run.open(folder)
