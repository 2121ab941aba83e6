"""Everything of a workspace in one zip, written as a stream: models in the form that the import reads, all other files as stored.

::

    README.txt
    datasets/<id>/   searches/<id>/   predictions/<id>/   corrections.jsonl   as they are in the workspace
    models/<id>.zip                                                          each finished run
    runs/<id>/                                                               its other files; a run without a model has all here
"""

import tempfile
import zipfile
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import IO

from core.errors import StudioError
from core.prediction.export import write_zip
from core.reports.markdown import render_markdown
from core.runs import Run, list_runs
from core.workspace import Workspace

README, MODELS, DATASETS = "README.txt", "models", "datasets"
# What a model's zip has in these folders of a run.
_IN_MODEL_ZIP = ("model", "splits")
# Copies of models that a page prepared for a download.
_LEFT_OUT = ("downloads",)
_TEXT = """Everything of one workspace of Finetune Studio.

models/       one zip for each trained model. It works without this app: see the README in it.
datasets/     the tables as Parquet files, with their columns and split settings in dataset.json.
runs/         settings, events, results and records of use of each run.
predictions/  the predicted files.
corrections.jsonl   corrected predictions, one JSON object a line.

To bring the datasets and models into another Finetune Studio, choose this zip there under
Your data, or run: python -m core import THIS.zip
"""


def write_takeout(workspace: Workspace, file: IO[bytes]) -> None:
    """Write the zip to a file, which need not be seekable. At most one model at a time has a copy on disk meanwhile.

    Files that vanish while the zip is written are left out. A model that cannot be exported is kept as stored.
    """
    with zipfile.ZipFile(file, "w", zipfile.ZIP_STORED, strict_timestamps=False) as archive:
        archive.writestr(README, _TEXT)
        exported = set()
        for run in list_runs(workspace):
            with suppress(StudioError):
                if run.result() is not None:
                    _write_model(run, archive)
                    exported.add(run.id)
        for path in _files(workspace.root):
            relative = path.relative_to(workspace.root)
            parts = relative.parts
            if parts[0] == "runs" and len(parts) > 2 and parts[1] in exported and parts[2] in _IN_MODEL_ZIP:
                continue
            with suppress(FileNotFoundError):
                archive.write(path, relative.as_posix())


def _write_model(run: Run, archive: zipfile.ZipFile) -> None:
    # A temporary file, so that a model that turns out to be damaged leaves nothing in the stream.
    with tempfile.TemporaryFile() as scratch:
        write_zip(run, scratch, render_markdown, with_onnx=False)
        scratch.seek(0)
        with archive.open(f"{MODELS}/{run.id}.zip", "w", force_zip64=True) as target:
            while chunk := scratch.read(1 << 20):
                target.write(chunk)


def _files(root: Path) -> Iterator[Path]:
    """All files of a workspace, without hidden ones and prepared downloads."""
    for path in sorted(root.rglob("*")):
        parts = path.relative_to(root).parts
        hidden = any(part.startswith(".") for part in parts)
        if not hidden and parts[0] not in _LEFT_OUT and path.is_file() and not path.is_symlink():
            yield path
