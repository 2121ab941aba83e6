"""Finished runs without a training: made-up texts, and logits that are better than chance."""

import atexit
import shutil
import tempfile
from functools import cache
from itertools import pairwise
from pathlib import Path

import numpy as np
import pandas as pd

from core import run_evaluation
from core.data.columns import ColumnChoice
from core.data.dataset import save_dataset
from core.data.reading.files import read_bytes
from core.data.splitting import SplitConfig, Splits
from core.run_result import Result
from core.runs import MODEL, Run, RunSource, create_run
from core.task import Floats, Label, Task
from core.training.config import TrainingConfig
from core.workspace import Workspace

TASKS = {
    "binary": Task("binary", ("no", "yes")),
    "multiclass": Task("multiclass", ("apple", "plum", "<b>sky</b>")),
    "multilabel": Task("multilabel", ("red", "sweet", "cold")),
    "regression": Task("regression", ()),
}
# The weight of the true labels in the logits of each baseline; the rest is noise.
_BASELINES = {"majority": 0.0, "tfidf": 0.8, "instant": 1.5}


def finished(
    workspace: Workspace, kind: str, name: str = "A run", seed: int = 0, knows: float = 2.5, test: int = 80
) -> Run:
    """A run on made-up rows. The same seed gives the same rows; ``knows`` is the weight of the true labels in its logits."""
    task, rng = TASKS[kind], np.random.default_rng(seed)
    sizes = {"train": 60, "validation": 60, "test": test}
    total = sum(sizes.values())
    labels = _labels(task, total, rng)
    cells = ["|".join(label) if isinstance(label, list) else label for label in labels]
    texts = [f"text {i} about thing {i % 7} <i>*here*</i>" for i in range(total)]
    table = pd.DataFrame({"text": texts, "label": cells, "shop": ["north" if i % 2 else "south" for i in range(total)]})
    choice = ColumnChoice("text", "label", task.kind, form="|" if kind == "multilabel" else "plain")
    dataset = save_dataset(
        workspace, read_bytes(table.to_csv(index=False).encode(), "made.csv"), choice, SplitConfig(), "Made up"
    )
    frame = pd.DataFrame({"row": range(total), "text": texts, "label": pd.Series(labels)})
    edges = np.cumsum([0, *sizes.values()])
    parts = [frame[first:last].reset_index(drop=True) for first, last in pairwise(edges)]
    splits = Splits(parts[0], parts[1], parts[2], task)
    run = create_run(workspace, splits, TrainingConfig(), name, RunSource(dataset.ref, SplitConfig()))
    evaluated = _evaluations() / f"{kind}-{seed}-{knows}-{test}"
    if evaluated.is_dir():  # runs on the same rows with the same logits have the same evaluation
        shutil.copytree(evaluated, run.folder, dirs_exist_ok=True)
    else:
        _evaluate(run, splits, knows)
        for name in ("evaluation", "model"):
            shutil.copytree(run.folder / name, evaluated / name)
    run.save_result(Result({"f1_macro": 0.9, "f1_micro": 0.9, "r2": 0.5}, {}, {}, 12.0, 500.0, 0.5, 200.0))
    return run


@cache
def _evaluations() -> Path:
    """The folder with the evaluations that were made in this process."""
    folder = tempfile.TemporaryDirectory()
    atexit.register(folder.cleanup)
    return Path(folder.name)


def _evaluate(run: Run, splits: Splits, knows: float) -> None:
    """Store logits of the model and its baselines, and their evaluation."""
    rng = np.random.default_rng(int(100 * knows))
    for split, rows in splits:
        if split != "train":
            targets = splits.task.encode(rows["label"].tolist())
            for source, weight in (_BASELINES | {MODEL: knows}).items():
                run.save_logits(split, source, _logits(splits.task, targets, weight, rng))
    run_evaluation.evaluate_run(run)


def _labels(task: Task, rows: int, rng: np.random.Generator) -> list[Label]:
    if task.kind == "regression":
        return [float(value) for value in rng.normal(5, 2, rows).round(1)]
    if task.kind == "multilabel":
        return [[name for name in task.labels if rng.random() < 0.4] for _ in range(rows)]
    return [task.labels[int(i)] for i in rng.integers(0, task.outputs, rows)]


def _logits(task: Task, targets: np.ndarray, weight: float, rng: np.random.Generator) -> Floats:
    """Logits (n, outputs): the targets with a weight, plus normal noise."""
    rows = len(targets)
    if task.kind == "regression":
        return np.asarray(targets + rng.normal(0, 3 - weight, rows), dtype=np.float32)[:, None]
    signal = 2 * targets - 1 if task.kind == "multilabel" else np.eye(task.outputs)[targets]
    return np.asarray(weight * signal + rng.normal(0, 1, (rows, task.outputs)), dtype=np.float32)
