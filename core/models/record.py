"""The record of a saved model, ``studio.json``: its form, task, encoder and what it reads of a text. Imports no torch."""

from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Literal

from core.errors import ModelError, StorageError
from core.models.truncation import Truncation
from core.storage import parse_record, read_record, write_record
from core.task import Task

RECORD_FILE = "studio.json"
HEAD_FILE = "head.safetensors"


@dataclass(frozen=True)
class ModelRecord:
    """The contents of studio.json.

    *whole* is what ``save_pretrained`` writes; *head* is an output layer alone, to put on the unchanged encoder. Records of
    older versions have no ``truncation``.
    """

    form: Literal["whole", "head"]
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


def loading_error(folder: Path, reason: str) -> ModelError:
    """The error for a saved model that cannot be loaded."""
    return ModelError(f"The model of {folder.parent.name} cannot be loaded: {reason}.", "Train the model again.")
