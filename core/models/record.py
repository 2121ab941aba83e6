"""The record of a saved model, ``studio.json``: its form, task, encoder and what it reads of a text; and its head.

Imports no torch.
"""

from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Literal

import numpy as np
from safetensors.numpy import load_file, save_file

from core.errors import ModelError, StorageError
from core.migrations import legacy_temperature
from core.models.head import Head
from core.models.truncation import Truncation
from core.storage import parse_record, read_record, write_record
from core.task import Task
from core.workspace import write_atomically

RECORD_FILE = "studio.json"
HEAD_FILE = "head.safetensors"
# The form of a first model, and the name of its engine.
STATIC: Literal["static"] = "static"


@dataclass(frozen=True)
class ModelRecord:
    """The contents of studio.json.

    *whole* is what ``save_pretrained`` writes; *head* is an output layer alone, to put on the unchanged encoder; *static* is one
    to put on its token embeddings (:mod:`core.models.static_encoder`). Records of older versions have no ``truncation``.
    """

    form: Literal["whole", "head", "static"]
    task: Task
    encoder: str
    max_length: int
    truncation: Truncation = "head"


def read_model_record(folder: Path) -> ModelRecord:
    """The record of the model in a folder.

    Raises:
        ModelError: the folder has no model, or its record is damaged or of a newer version.
    """
    path = folder / RECORD_FILE
    if not path.exists():
        raise ModelError(f"{folder.parent.name} has no model.", "Train a model on the Train page.")
    try:
        record = parse_record(ModelRecord, read_record(path), path)
    except StorageError as error:
        raise ModelError(error.message, error.hint) from error
    if record.max_length < 1:
        raise loading_error(folder, f"expected a max_length of 1 or more in {RECORD_FILE}, found {record.max_length}")
    return record


def write_model_record(folder: Path, record: ModelRecord) -> None:
    """Write the record of the model in a folder, atomically."""
    write_record(folder / RECORD_FILE, asdict(record))


def write_head(folder: Path, head: Head, record: ModelRecord) -> None:
    """Save a model that is a head on an unchanged encoder."""
    tensors = {"weight": head.weight, "bias": head.bias}
    write_atomically(folder / HEAD_FILE, lambda path: save_file(tensors, path))
    write_model_record(folder, record)


def read_head(folder: Path) -> Head:
    """The head that :func:`write_head` saved.

    Raises:
        ModelError: the file is missing or damaged.
    """
    try:
        tensors = load_file(folder / HEAD_FILE)
        weight, bias = (tensors[name].astype(np.float32) for name in ("weight", "bias"))
    except Exception as error:  # safetensors raises nothing narrower
        raise loading_error(folder, f"{HEAD_FILE} cannot be read") from error
    temperature = np.float32(legacy_temperature(folder))
    return Head(weight / temperature, bias / temperature, 0.0)


def loading_error(folder: Path, reason: str) -> ModelError:
    """The error for a saved model that cannot be loaded."""
    return ModelError(f"The model of {folder.parent.name} cannot be loaded: {reason}.", "Train the model again.")
