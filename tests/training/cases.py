"""Toy splits of every task in which one word of a text decides its label, and short trainings on them."""

import shutil
from pathlib import Path

import pandas as pd
from safetensors.torch import load_file, save_file

from core.data.splitting import Splits
from core.jobs.events import Event
from core.models.classifier import Classifier
from core.task import Label, Task
from core.training.config import TrainingConfig
from core.training.trainer import FineTuning, fine_tune

WARM, COLD = ("apple", "cherry", "plum"), ("sky", "sea", "ice")
LABELS: dict[str, tuple[Task, Label, Label]] = {
    "binary": (Task("binary", ("cold", "fruit")), "fruit", "cold"),
    "multiclass": (Task("multiclass", ("cold", "fruit", "never")), "fruit", "cold"),
    "multilabel": (Task("multilabel", ("blue", "sweet")), ["sweet"], ["blue"]),
    "regression": (Task("regression", ()), 108.0, 92.0),
}


def toy(kind: str) -> Splits:
    """64 training, 16 validation and 16 test rows of a task."""
    task, warm, cold = LABELS[kind]
    rows = [
        {"text": f"{first} {word} is very {last}", "label": label}
        for first in ("the", "a", "one", "two")
        for last in ("sweet", "cold", "red", "blue")
        for words, label in ((WARM, warm), (COLD, cold))
        for word in words
    ]
    frame = pd.DataFrame(rows).sample(frac=1, random_state=0).reset_index(drop=True)
    frame.insert(0, "row", range(len(frame)))
    return Splits(frame[:64], frame[64:80].reset_index(drop=True), frame[80:].reset_index(drop=True), task)


def train(splits: Splits, encoder: str, folder: Path, events: list[Event] | None = None, **config: float) -> Classifier:
    """A classifier after a short fine-tuning; its events are appended to ``events``."""
    settings = {"epochs": 8, "learning_rate": 5e-3, "batch_size": 8, "max_length": 16} | config
    received = [] if events is None else events
    return fine_tune(FineTuning(splits, TrainingConfig(encoder=encoder, **settings), folder, received.append))  # type: ignore[arg-type]


def damage_encoder(encoder: str, folder: Path, tensor: str, row: int) -> str:
    """A copy of the encoder in which one row of a tensor is NaN."""
    copy = Path(shutil.copytree(encoder, folder / "damaged"))
    weights = load_file(copy / "model.safetensors")
    weights[tensor][row] = float("nan")
    save_file(weights, copy / "model.safetensors", {"format": "pt"})
    return str(copy)
