"""Loads an imported model and predicts two texts with it: ``python -m core.prediction.bundle.trial FOLDER``.

It runs in a process of its own, so that a file that crashes a library, or keeps it busy, does not harm the app.
"""

import sys
from pathlib import Path

import numpy as np
import torch
from safetensors import safe_open
from transformers import AutoConfig, AutoModelForSequenceClassification

from core import host
from core.errors import StudioError
from core.models.checkpoint import fastest_attention
from core.models.classifier import load_classifier
from core.prediction.bundle.layout import WEIGHTS

_TEXTS = ["a text", "word " * 10_000]


def try_model(folder: Path) -> str:
    """What is wrong with the model in a folder; empty if it predicts finite values."""
    # The shapes are compared before any memory is allocated for the model that config.json describes.
    config = AutoConfig.from_pretrained(folder, local_files_only=True, trust_remote_code=False)
    with torch.device("meta"):
        model = AutoModelForSequenceClassification.from_config(config, attn_implementation=fastest_attention(config))
    with safe_open(folder / Path(WEIGHTS).name, framework="numpy") as file:
        shapes = {name: tuple(file.get_slice(name).get_shape()) for name in file.keys()}  # noqa: SIM118
    expected = {name: tuple(tensor.shape) for name, tensor in model.state_dict().items()}
    if different := sorted(name for name in shapes.keys() | expected.keys() if shapes.get(name) != expected.get(name)):
        return f"its weights do not have the shapes that config.json describes, such as {different[0][:80]}"
    classifier = load_classifier(folder)
    if len(classifier.tokenizer) > config.vocab_size:
        return "its tokenizer has more tokens than the model has vectors"
    if not np.isfinite(classifier.logits(_TEXTS)).all():
        return "its model predicts NaN or infinite values"
    return ""


def main() -> int:
    """Print what is wrong with the model in the folder given as the argument; 0 if nothing is."""
    try:
        with host.limit_memory():
            problem = try_model(Path(sys.argv[1]))
    except StudioError as error:
        problem = f"its model cannot be loaded ({error.message.rstrip('.')})"
    except Exception as error:  # noqa: BLE001 - any failure of a library on an unknown file is a reason to refuse it
        problem = f"its model cannot be loaded ({type(error).__name__})"
    print(problem)
    return 1 if problem else 0


if __name__ == "__main__":
    sys.exit(main())
