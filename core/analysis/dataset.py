"""A closer look at a data set with an encoder's frozen features: likely label errors, and a map of the texts.

The job behind ``python -m core analyse``; it leaves rows.parquet in a folder of its own inside the data set's.
"""

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd

from core.analysis.label_errors import FOLDS, find_label_issues_classification, find_label_issues_regression
from core.data.dataset import Dataset, find_dataset, load_labelled
from core.jobs import process
from core.jobs.events import Phase, Progress
from core.jobs.runner import Emit, run_job
from core.models.encoders import BUILT_IN
from core.task import Floats
from core.training.config import TrainingConfig
from core.workspace import workspace_containing, write_atomically

_ROWS = "rows.parquet"
# A minute or two of features on a laptop; a larger data set is looked at in a sample.
MAX_ROWS = 50_000
_SEED = 0


@dataclass(frozen=True)
class DatasetAnalysis:
    """Where the closer look at a data set lies; the folder's name holds its fingerprint, so that a repair makes it anew."""

    folder: Path

    @classmethod
    def of(cls, dataset: Dataset) -> "DatasetAnalysis":
        """The analysis of a data set as it stands."""
        return cls(dataset.folder / f"analysis-{dataset.fingerprint}")

    @property
    def done(self) -> bool:
        """Whether its results are there."""
        return (self.folder / _ROWS).exists()

    def status(self) -> process.Status | None:
        """How the job stands, None if it was never asked for."""
        return process.read_status(self.folder) if self.folder.exists() else None

    def rows(self) -> pd.DataFrame:
        """One line a row: row, text, label (as text), x, y and, where labels can be doubted, answer, score and suspected."""
        return pd.read_parquet(self.folder / _ROWS)


def start(dataset: Dataset) -> None:
    """Begin the analysis in a process of its own."""
    analysis = DatasetAnalysis.of(dataset)
    analysis.folder.mkdir(exist_ok=True)
    process.start(analysis.folder, command="analyze")


def work(folder: Path) -> None:
    """Carry out the analysis that a folder inside a data set's stands for; see :func:`core.jobs.runner.run_job`."""
    workspace = workspace_containing(folder)
    dataset = find_dataset(workspace, folder.parent.name)
    run_job(folder, workspace.home, lambda emit, switch: _analyse(dataset, folder, emit))


def _analyse(dataset: Dataset, folder: Path, emit: Emit) -> None:
    emit(Phase("loading"))
    from core.models import classifier as classifiers

    labeled = load_labelled(dataset)
    frame = labeled.frame
    if len(frame) > MAX_ROWS:
        frame = frame.sample(MAX_ROWS, random_state=_SEED).sort_index()
    classifier = classifiers.build(BUILT_IN, labeled.task, TrainingConfig.max_length)
    emit(Phase("features"))
    features = classifier.features(frame["text"].tolist(), lambda done, total: emit(Progress(done, total, None)))
    result = pd.DataFrame({"row": frame["row"].to_numpy(), "text": frame["text"].to_numpy()})
    result["label"] = [", ".join(label) if isinstance(label, list) else str(label) for label in frame["label"]]
    result[["x", "y"]] = project_to_2d(features)
    emit(Phase("doubting labels"))
    task, targets = labeled.task, labeled.task.encode(frame["label"].tolist())

    def on_fold(done: int) -> None:
        emit(Progress(done, FOLDS, None))

    if task.one_label:
        doubt = find_label_issues_classification(features, targets, task.outputs, _SEED, on_fold)
        result["answer"] = [task.labels[i] for i in doubt.answer]
        result["score"], result["suspected"] = doubt.score, doubt.suspected
    elif task.kind == "regression":
        doubt = find_label_issues_regression(features, targets, _SEED, on_fold)
        result["answer"] = [f"{value:.2f}" for value in doubt.answer]
        result["score"], result["suspected"] = doubt.score, doubt.suspected
    write_atomically(folder / _ROWS, lambda path: result.to_parquet(path, index=False))


def project_to_2d(features: Floats) -> Floats:
    """Features (n, d) on the two directions in which they vary most (principal components); shape (n, 2)."""
    centred = features - features.mean(axis=0)
    _, vectors = np.linalg.eigh(centred.T @ centred)
    return np.asarray(centred @ vectors[:, :-3:-1], dtype=np.float32)
