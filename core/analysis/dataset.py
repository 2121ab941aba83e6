"""Analysis of a dataset with an encoder's frozen features: likely label errors, and a map of the texts.

The job ``python -m core analyze`` writes rows.parquet to a folder inside the dataset's folder.
"""

from pathlib import Path

import numpy as np
import pandas as pd

from core.analysis.label_errors import FOLDS, Folds, find_label_issues_classification, find_label_issues_regression
from core.data.columns import LabeledTexts
from core.data.dataset import Dataset, find_dataset, load_labeled
from core.data.splitting import split_groups
from core.jobs.events import OnEvent, Phase, Progress
from core.jobs.folder import JobFolder
from core.jobs.runner import run_job
from core.models.encoders import BUILT_IN
from core.storage import read_parquet
from core.task import Floats
from core.training.config import TrainingConfig
from core.workspace import workspace_containing, write_atomically

_RESULT = "rows.parquet"
_COLUMNS = ("row", "text", "label", "x", "y")
# A minute or two of features on a laptop; of a larger dataset a sample is analyzed.
MAX_ROWS = 50_000
_SEED = 0


def analysis_job(dataset: Dataset) -> JobFolder:
    """The analysis of a dataset as it is now: the folder's name has the fingerprint, so a repair leads to a new analysis."""
    return JobFolder(dataset.folder / f"analysis-{dataset.fingerprint}", "analyze", _RESULT)


def read_analysis(job: JobFolder) -> pd.DataFrame | None:
    """One line for each row: row, text, label (as text), x, y and, unless multilabel, answer, score and suspected.

    None while there is no readable result.
    """
    return job.load_result(lambda path: read_parquet(path, _COLUMNS))


def run_analysis(folder: Path) -> None:
    """Run the analysis for a folder of :func:`analysis_job` in this process."""
    workspace = workspace_containing(folder)

    def analyze(on_event: OnEvent) -> None:
        on_event(Phase("loading"))
        result = analyze_texts(load_labeled(find_dataset(workspace, folder.parent.name)), on_event)
        write_atomically(folder / _RESULT, lambda path: result.to_parquet(path, index=False))

    run_job(folder, workspace.home, lambda on_event, stop: analyze(on_event))


def analyze_texts(labeled: LabeledTexts, on_event: OnEvent) -> pd.DataFrame:
    """The table that :func:`read_analysis` describes, for at most ``MAX_ROWS`` rows."""
    from core.models.features import load_frozen_encoder

    task, frame = labeled.task, labeled.frame
    if len(frame) > MAX_ROWS:
        frame = frame.sample(MAX_ROWS, random_state=_SEED).sort_index()
    encoder = load_frozen_encoder(BUILT_IN, TrainingConfig.max_length)
    on_event(Phase("features"))
    features = encoder.features(frame["text"].tolist(), lambda done, total: on_event(Progress(done, total)))
    result = pd.DataFrame({"row": frame["row"].to_numpy(), "text": frame["text"].to_numpy()})
    result["label"] = [", ".join(label) if isinstance(label, list) else str(label) for label in frame["label"]]
    result[["x", "y"]] = project_to_2d(features)
    on_event(Phase("label errors"))
    targets = task.encode(frame["label"].tolist())

    def on_fold(done: int) -> None:
        on_event(Progress(done, FOLDS))

    folds = Folds(split_groups(frame), _SEED, on_fold)
    if task.one_label:
        issues = find_label_issues_classification(features, targets, task.outputs, folds)
        result["answer"] = [task.labels[i] for i in issues.predicted]
        result["score"], result["suspected"] = issues.score, issues.suspected
    elif task.kind == "regression":
        issues = find_label_issues_regression(features, targets, folds)
        result["answer"] = [f"{value:.2f}" for value in issues.predicted]
        result["score"], result["suspected"] = issues.score, issues.suspected
    return result


def project_to_2d(features: Floats) -> Floats:
    """Features (n, d) projected onto their first two principal components; shape (n, 2)."""
    centered = features - features.mean(axis=0)
    _, vectors = np.linalg.eigh(centered.T @ centered)
    return np.asarray(centered @ vectors[:, :-3:-1], dtype=np.float32)
