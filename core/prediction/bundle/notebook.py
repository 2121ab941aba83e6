"""The notebook of a zip: Jupyter cells around train.py, to repeat the run on a GPU elsewhere."""

from typing import Any

_INSTALL = "%pip install -q torch transformers accelerate datasets pandas pyarrow safetensors scikit-learn"
_UNPACK = """\
# Upload the zip next to this notebook first (in Colab: the folder icon on the left).
from pathlib import Path
from zipfile import ZipFile

if not Path("train.py").exists():
    archives = sorted(path for path in Path().glob("*.zip") if "train.py" in ZipFile(path).namelist())
    assert archives, "Expected the zip of the run next to this notebook, found none."
    ZipFile(archives[0]).extractall()
print(sorted(path.name for path in Path().iterdir()))"""
_GPU = """\
import torch

print(torch.cuda.get_device_name() if torch.cuda.is_available() else "No GPU: choose one in the runtime settings, or go on.")"""
_SETTINGS = """\
# Optional: change settings before training, such as another encoder or more epochs.
import json

record = json.loads(Path("run.json").read_text(encoding="utf-8"))
# record["config"]["epochs"] = 4
Path("run.json").write_text(json.dumps(record, indent=2, ensure_ascii=False), encoding="utf-8")
record["config"]"""
_TRAIN = "!python train.py --output trained"
_PREDICT = '!python trained/predict.py "Type a text here"'


def make_notebook(title: str) -> dict[str, Any]:
    """The notebook as JSON of nbformat 4.5, for a run with a title."""
    return {
        "nbformat": 4,
        "nbformat_minor": 5,
        "metadata": {
            "accelerator": "GPU",
            "kernelspec": {"display_name": "Python 3", "language": "python", "name": "python3"},
            "language_info": {"name": "python"},
        },
        "cells": [
            _markdown(
                "title",
                f"# {' '.join(title.split())}\n\nTrains this run again with plain transformers, on a GPU if there is one.",
            ),
            _code("install", _INSTALL),
            _code("unpack", _UNPACK),
            _code("gpu", _GPU),
            _code("settings", _SETTINGS),
            _code("train", _TRAIN),
            _code("predict", _PREDICT),
            _markdown(
                "import",
                "Download `trained.zip` and import it on the Models page of Finetune Studio, or with "
                "`python -m core import trained.zip`.",
            ),
        ],
    }


def _markdown(identifier: str, text: str) -> dict[str, Any]:
    return {"cell_type": "markdown", "id": identifier, "metadata": {}, "source": text.splitlines(keepends=True)}


def _code(identifier: str, text: str) -> dict[str, Any]:
    return {
        "cell_type": "code",
        "id": identifier,
        "metadata": {},
        "execution_count": None,
        "outputs": [],
        "source": text.splitlines(keepends=True),
    }
