"""Verifies the zip of a run: a fresh process without this project must predict from it what the run's model predicts here."""

import json
import math
import subprocess
import sys
import tempfile
import zipfile
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from core import decision_rule
from core.errors import ModelError
from core.prediction.bundle import layout
from core.runs import Run

_TOLERANCE = 1e-5
_ONNX_TOLERANCE = 1e-4
_TEXTS, _TEXT_CHARACTERS, _SECONDS = 8, 2_000, 300
_PREFIXES = ("model/", "predict.py")
# -I: the process sees neither the current folder nor the variables that could lead it to this project.
_PROGRAM = (
    "import json, sys; sys.path.insert(0, sys.argv[1]); from predict import predict; "
    "print(json.dumps(predict(json.load(sys.stdin))))"
)
# A module that is None cannot be imported, as if it were not installed; predict.py then uses ONNX Runtime.
_WITHOUT_TORCH = "import sys; sys.modules['torch'] = sys.modules['transformers'] = None; "


def verify_bundle(run: Run, path: Path) -> None:
    """Check that the predictions of the zip at a path agree with those of the run's model to 1e-5, on up to eight texts.

    If it has an ONNX file, the probabilities without torch must agree to 1e-4.

    Raises:
        ModelError: they differ, or the script in the zip fails or takes more than five minutes.
    """
    from core.models.classifier import load_classifier
    from core.prediction.predict import predict

    texts = _texts(run)
    expected = predict(load_classifier(run.model_folder), texts, decision_rule.load(run.model_folder)).to_records()
    with tempfile.TemporaryDirectory() as folder, zipfile.ZipFile(path) as archive:
        for name in archive.namelist():
            if name.startswith(_PREFIXES):
                archive.extract(name, folder)
        predictions = _predict_in_new_process(Path(folder), texts, _PROGRAM)
        same = _agree(predictions, expected, _TOLERANCE)
        if layout.ONNX_FP32 in archive.namelist():
            without_torch = _predict_in_new_process(Path(folder), texts, _WITHOUT_TORCH + _PROGRAM)
            same = same and _agree(_numbers(without_torch), _numbers(expected), _ONNX_TOLERANCE)
    if not same:
        raise ModelError(
            f"The zip of {run.name} was not written: in a new process its model predicts something else.",
            "Report this as a bug.",
        )


def _texts(run: Run) -> list[str]:
    """Texts of the validation rows, the longest among them, or a sample text."""
    texts = run.split("validation")["text"]
    texts = texts[texts.str.strip() != ""]
    longest = texts.loc[texts.str.len().sort_values(ascending=False).index[:2]]
    return [text[:_TEXT_CHARACTERS] for text in (*longest, *texts[: _TEXTS - 2])] or ["a text"]


def _predict_in_new_process(folder: Path, texts: Sequence[str], program: str) -> list[dict[str, Any]]:
    command = [sys.executable, "-I", "-c", program, str(folder)]
    try:
        process = subprocess.run(
            command, input=json.dumps(texts), capture_output=True, text=True, timeout=_SECONDS, cwd=folder, check=True
        )
        predictions: list[dict[str, Any]] = json.loads(process.stdout.splitlines()[-1])
    except (subprocess.SubprocessError, ValueError, IndexError) as error:
        detail = (getattr(error, "stderr", None) or str(error)).strip().splitlines()
        raise ModelError(
            f"The zip was not written: its script predict.py failed ({detail[-1] if detail else 'no output'}).",
            "Try again. If it fails again, report it as a bug.",
        ) from error
    return predictions


def _numbers(predictions: Sequence[dict[str, Any]]) -> list[Any]:
    """The probabilities, or the predicted values. Labels may differ where two of them are equally probable."""
    return [prediction["probabilities"] or prediction["label"] for prediction in predictions]


def _agree(first: Any, second: Any, tolerance: float) -> bool:
    """Whether two predictions are equal, with numbers to a tolerance."""
    if isinstance(first, dict) and isinstance(second, dict):
        return first.keys() == second.keys() and all(_agree(first[key], second[key], tolerance) for key in first)
    if isinstance(first, list) and isinstance(second, list):
        return len(first) == len(second) and all(_agree(a, b, tolerance) for a, b in zip(first, second, strict=True))
    if isinstance(first, float) and isinstance(second, float):
        return math.isclose(first, second, rel_tol=tolerance, abs_tol=tolerance)
    return bool(first == second)
