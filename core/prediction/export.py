"""Exports a run as a zip: the model in the format of transformers, scripts that predict and train, its rows and its results.

::

    README.md  run.json  predict.py  train.py with train_data.py and train_model.py  train.ipynb  requirements.txt
    model/              what save_pretrained writes, studio.json, decision_rule.json, onnx/
    splits/             {train,validation,test}.parquet, and the same rows as .jsonl for the import
    evaluation/         result.json, metrics with intervals, logits as .parquet, and all logits in logits.safetensors
"""

import importlib.metadata
import json
import tempfile
import zipfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO

import numpy as np

from core import decision_rule
from core.data.columns import SPLITS
from core.data.splitting import UNIT
from core.models.encoders import BUILT_IN, BUILT_IN_HUB_ID
from core.prediction.bundle import layout
from core.prediction.bundle.notebook import make_notebook
from core.prediction.onnx_files import OnnxFiles, make_onnx_files
from core.prediction.verification import verify_bundle
from core.runs import Run
from core.workspace import slug

SCRIPTS_FOLDER = Path(__file__).parent / "bundle"
# What predict.py and train.py import, or need to read the files beside them.
_REQUIREMENTS = (
    *(
        "accelerate",
        "datasets",
        "numpy",
        "onnxruntime",
        "pandas",
        "pyarrow",
        "safetensors",
        "scikit-learn",
        "sentencepiece",
    ),
    *("tokenizers", "torch", "transformers"),
)
RenderCard = Callable[[Run], str]


def export(run: Run, render_card: RenderCard) -> bytes:
    """The verified zip of a finished run; see :func:`export_to`."""
    with tempfile.TemporaryDirectory() as scratch:
        path = Path(scratch) / "bundle.zip"
        export_to(run, path, render_card)
        return path.read_bytes()


def export_to(run: Run, path: Path, render_card: RenderCard) -> None:
    """Write the zip of a finished run to a path, after a fresh process has predicted the same from it as this one.

    ``render_card`` renders the model card. The zip is never held in memory.

    Raises:
        ModelError: the run has no model, it is damaged, or the zip predicts something else.
        StorageError: a stored file is damaged.
        StudioError: the file cannot be written.
    """
    from core.workspace import write_atomically

    def write(temporary: Path) -> None:
        with temporary.open("wb") as file:
            write_zip(run, file, render_card)
        verify_bundle(run, temporary)

    write_atomically(path, write)


def write_zip(run: Run, file: IO[bytes], render_card: RenderCard, with_onnx: bool = True) -> None:
    """Write the zip of a finished run to an open file, file by file; making the ONNX files takes most of the time.

    Raises:
        ModelError: the run has no model, or it is damaged.
        StorageError: a stored file is damaged.
    """
    # Weights do not compress, so only texts are compressed.
    with pretrained_folder(run) as model_folder, zipfile.ZipFile(file, "w", zipfile.ZIP_STORED) as archive:
        onnx = make_onnx_files(run, model_folder) if with_onnx else None
        for name, graph in (onnx.graphs if onnx else {}).items():
            archive.write(graph, name)
        folders = {layout.MODEL: model_folder, "splits": run.folder / "splits", "evaluation": run.folder / "evaluation"}
        for name, folder in folders.items():
            for path in sorted(path for path in folder.rglob("*") if path.is_file()):
                # Whatever else is beside a model, such as its exports for an engine, is made again where it is needed.
                if layout.is_bundle_file(file_name := f"{name}/{path.relative_to(folder).as_posix()}"):
                    archive.write(path, file_name)
        archive.write(run.folder / layout.RUN, layout.RUN)
        for script in layout.SCRIPTS:
            archive.write(SCRIPTS_FOLDER / script, script)
        archive.writestr(layout.REQUIREMENTS, requirements())
        archive.writestr(layout.NOTEBOOK, json.dumps(make_notebook(run.name), indent=1, ensure_ascii=False))
        archive.writestr(layout.CARD, model_card(run, render_card, onnx))
        if run.has_logits("validation"):
            archive.writestr(layout.LOGITS, _logits_bytes(run))
        for split in SPLITS:
            _write_rows(run, split, archive)


@contextmanager
def pretrained_folder(run: Run) -> Iterator[Path]:
    """A folder with the run's whole model, usable by plain transformers, for as long as the context lasts.

    An instant model is saved without its encoder, and a model of version 0.1 without its temperature: both are completed in a
    temporary folder.
    """
    from core.models.classifier import load_classifier, save_pretrained

    folder = run.model_folder
    if all((folder / name).exists() for name in ("config.json", decision_rule.FILE)):
        yield folder
        return
    with tempfile.TemporaryDirectory() as scratch:
        completed = Path(scratch)
        save_pretrained(load_classifier(folder), completed)
        decision_rule.save(decision_rule.load(folder), completed)
        yield completed


def requirements() -> str:
    """The requirements.txt of a zip: the versions that are installed here, without a suffix such as "+cpu"."""
    versions = {name: importlib.metadata.version(name).partition("+")[0] for name in _REQUIREMENTS}
    return "".join(f"{name}=={version}\n" for name, version in versions.items())


def model_card(run: Run, render_card: RenderCard, onnx: OnnxFiles | None = None) -> str:
    """The model card of a run with the metadata that the Hugging Face hub reads, and a note on licenses.

    A run that was imported without logits has no results to describe.
    """
    encoder = run.config.encoder
    base = BUILT_IN_HUB_ID if encoder == BUILT_IN else encoder
    metadata = ["library_name: transformers", "pipeline_tag: text-classification"]
    if not Path(base).is_absolute():
        metadata.append(f"base_model: {json.dumps(base)}")
    license_note = (
        "## License\n\n"
        f"No license is given for this model. It is derived from the encoder `{base.replace('`', '')}` and from the texts of its "
        "dataset. Before you publish it, check that the licenses of both allow that, and state a license here.\n"
    )
    results = render_card(run) if run.has_logits("validation") else f"# {slug(run.name)}\n"
    sections = [onnx.card_section()] if onnx else []
    return "\n".join(["---", *metadata, "---", "", results, *sections, license_note])


def _logits_bytes(run: Run) -> bytes:
    """All logits of the run as safetensors with names such as "validation/model"."""
    import safetensors.numpy

    from core.run_evaluation import available_predictions

    sources = {split: available_predictions(run, split) for split in ("validation", "test") if run.has_logits(split)}
    return safetensors.numpy.save(
        {
            # safetensors writes the memory of an array as it is, so its rows must be contiguous.
            f"{split}/{source}": np.ascontiguousarray(run.logits(split, source))
            for split, names in sources.items()
            for source in names
        }
    )


def _write_rows(run: Run, split: str, archive: zipfile.ZipFile) -> None:
    """Write the rows of a split as JSON Lines with the fields row, text, label and, where it is known, unit."""
    frame = run.split(split)
    info = zipfile.ZipInfo(layout.rows_file(split), date_time=(2026, 1, 1, 0, 0, 0))
    info.compress_type = zipfile.ZIP_DEFLATED
    with archive.open(info, "w", force_zip64=True) as file:
        fields = [name for name in ("row", "text", "label", UNIT) if name in frame]
        for values in zip(*(frame[name].tolist() for name in fields), strict=True):
            record = dict(zip(fields, values, strict=True))
            file.write((json.dumps(record, ensure_ascii=True) + "\n").encode())
