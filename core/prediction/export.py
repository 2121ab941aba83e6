"""Exports a run as a zip: the model in the format of transformers, a script that predicts with it, its rows and its results."""

import tempfile
import zipfile
from pathlib import Path
from typing import IO

from core import decision_rule
from core.runs import Run

_SCRIPT = Path(__file__).parent / "bundle" / "predict.py"


def export(run: Run) -> bytes:
    """The zip of a finished run; see :func:`write_zip`."""
    with tempfile.TemporaryFile() as file:
        write_zip(run, file)
        file.seek(0)
        return file.read()


def write_zip(run: Run, file: IO[bytes]) -> None:
    """Write the zip of a finished run to an open file.

    Raises:
        ModelError: the run has no model, or it is damaged.
        StorageError: the decision rule is damaged.
    """
    # Weights do not compress, so nothing is compressed.
    with tempfile.TemporaryDirectory() as scratch, zipfile.ZipFile(file, "w", zipfile.ZIP_STORED) as archive:
        folders = {
            "model": _pretrained_folder(run.model_folder, Path(scratch)),
            "splits": run.folder / "splits",
            "evaluation": run.folder / "evaluation",
        }
        for name, folder in folders.items():
            for path in sorted(path for path in folder.rglob("*") if path.is_file()):
                archive.write(path, f"{name}/{path.relative_to(folder).as_posix()}")
        archive.write(run.folder / "run.json", "run.json")
        archive.write(_SCRIPT, "predict.py")


def _pretrained_folder(model_folder: Path, scratch: Path) -> Path:
    """The model folder if plain transformers can use it; else ``scratch``, with the whole model and its decision rule.

    An instant model is saved without its encoder, and a model of version 0.1 without its temperature.
    """
    from core.models.classifier import load_classifier, save_pretrained

    if all((model_folder / name).exists() for name in ("config.json", decision_rule.FILE)):
        return model_folder
    save_pretrained(load_classifier(model_folder), scratch)
    decision_rule.save(decision_rule.load(model_folder), scratch)
    return scratch
