"""Predictions of files without a trained model: an engine made for the purpose, and folders that it can stand for."""

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import pandas as pd

from core.data.reading.chunks import SourceFile
from core.decision_rule import DecisionRule
from core.jobs.events import OnProgress, no_progress
from core.models.record import ModelRecord, write_model_record
from core.prediction.batch_file import BatchRequest
from core.prediction.batch_output import output_format_of
from core.prediction.batch_rows import LoadPredictor, Predictor
from core.task import Floats, Task

TASKS = {
    "binary": Task("binary", ("no", "yes")),
    "multiclass": Task("multiclass", ("a", "b", "c")),
    "multilabel": Task("multilabel", ("red", "sweet")),
    "regression": Task("regression", ()),
}
TASK = TASKS["multiclass"]


@dataclass
class MadeEngine:
    """Gives logits that follow from a text alone: the longer it is, the larger is the last output.

    ``seconds`` are spent for each text, and ``before`` is called first. "explode" in a text raises an error if it ``fails``.
    """

    task: Task = TASK
    seconds: float = 0.0
    name: str = "made up"
    fails: bool = True
    before: Callable[[], object] = lambda: None
    texts: list[str] = field(default_factory=list)

    def logits(self, texts: Sequence[str], on_progress: OnProgress = no_progress) -> Floats:
        self.before()
        for done in range(1, len(texts) + 1):
            time.sleep(self.seconds)
            on_progress(done, len(texts))
        if self.fails and any("explode" in text for text in texts):
            raise ValueError("boom")
        self.texts.extend(texts)
        places = np.arange(self.task.outputs)
        return np.asarray([np.sin(places + len(text)) + places * len(text) / 10 for text in texts], dtype=np.float32)


def loader(engine: MadeEngine, rule: DecisionRule | None = None) -> LoadPredictor:
    """Gives the engine for any model folder."""
    return lambda folder, name: Predictor(engine, rule or DecisionRule())


def make_model(folder: Path, task: Task = TASK) -> Path:
    """A folder that counts as one of a saved model."""
    folder.mkdir(parents=True, exist_ok=True)
    write_model_record(folder, ModelRecord("whole", task, "made up", 16))
    return folder


def write_texts(path: Path, rows: int) -> Path:
    """A CSV file with an id and a text in each row."""
    frame = pd.DataFrame({"id": range(rows), "text": [f"text {i} " + "x" * (i % 13) for i in range(rows)]})
    frame.to_csv(path, index=False)
    return path


def make_request(folder: Path, source: Path, output: str = "out.csv", column: str = "text") -> BatchRequest:
    """The prediction of a file in ``folder``, with a model there."""
    path = folder / output
    model = make_model(folder / "model")
    return BatchRequest(SourceFile.of_path(source), column, model, path, output_format_of(path), folder / "progress")
