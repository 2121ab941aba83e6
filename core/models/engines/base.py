"""What every engine offers, their names, and which of them this machine has. Imports no torch."""

import importlib.metadata
import importlib.util
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from tokenizers import Tokenizer

from core import host
from core.errors import ModelError
from core.jobs.events import OnProgress, no_progress
from core.models.batching import BatchRunner
from core.models.head import Head
from core.models.record import STATIC
from core.models.truncation import TruncatingTokenizer, Truncation
from core.task import Floats, Task

TORCH, TORCH_BF16 = "torch", "torch-bf16"
ONNX_FP32, ONNX_INT8, ONNX_CHECKED = "onnx-fp32", "onnx-int8", "onnx-int8-checked"
OPENVINO_FP32, OPENVINO_BF16 = "openvino-fp32", "openvino-bf16"
OPENVINO_INT8, OPENVINO_CHECKED = "openvino-int8", "openvino-int8-checked"
# From the most faithful to the least: of two engines that are equally fast, the first one wins.
ENGINES = (
    TORCH,
    ONNX_FP32,
    OPENVINO_FP32,
    TORCH_BF16,
    OPENVINO_BF16,
    ONNX_CHECKED,
    OPENVINO_CHECKED,
    ONNX_INT8,
    OPENVINO_INT8,
)
# Engines whose logits are those of torch up to rounding in float32.
FLOAT32 = (TORCH, ONNX_FP32, OPENVINO_FP32)
# Engines that compute with the first engine, and close decisions again with the second.
CHECKED = {ONNX_CHECKED: (ONNX_INT8, ONNX_FP32), OPENVINO_CHECKED: (OPENVINO_INT8, OPENVINO_FP32)}
TITLES = {
    STATIC: "Token embeddings",
    TORCH: "PyTorch",
    TORCH_BF16: "PyTorch, bfloat16",
    ONNX_FP32: "ONNX Runtime",
    ONNX_INT8: "ONNX Runtime, int8",
    ONNX_CHECKED: "ONNX Runtime, int8 with close decisions checked in float32",
    OPENVINO_FP32: "OpenVINO",
    OPENVINO_BF16: "OpenVINO, bfloat16",
    OPENVINO_INT8: "OpenVINO, int8",
    OPENVINO_CHECKED: "OpenVINO, int8 with close decisions checked in float32",
}
_PACKAGES = {"torch": ("torch",), "onnx": ("onnx", "onnxruntime"), "openvino": ("onnx", "openvino")}
CALIBRATION_TEXTS = 300


class Engine(Protocol):
    """A model that computes logits. A :class:`core.models.classifier.Classifier` has the same methods."""

    @property
    def name(self) -> str:
        """One of ``ENGINES``."""
        ...

    @property
    def task(self) -> Task:
        """What the model predicts."""
        ...

    def logits(self, texts: Sequence[str], on_progress: OnProgress = no_progress) -> Floats:
        """Logits (n, outputs), float32, in the order of the texts."""
        ...


@dataclass(frozen=True)
class TextEncoder:
    """Computes outputs (n, outputs) from texts: a tokenizer that truncates as the model was trained, and a graph to run."""

    tokenizer: TruncatingTokenizer
    runner: BatchRunner

    def run(self, texts: Sequence[str], on_progress: OnProgress = no_progress) -> Floats:
        """The graph's outputs (n, outputs) in the order of the texts."""
        return self.runner.run(self.tokenizer.token_ids(texts), on_progress)


@dataclass(frozen=True)
class GraphEngine:
    """An engine that runs an exported graph, whose outputs are logits, or the features that a head reads."""

    name: str
    task: Task
    encoder: TextEncoder
    head: Head | None = None

    def logits(self, texts: Sequence[str], on_progress: OnProgress = no_progress) -> Floats:
        """Logits (n, outputs) in the order of the texts."""
        outputs = self.encoder.run(texts, on_progress)
        return outputs if self.head is None else self.head.logits(outputs)


def load_truncating_tokenizer(file: Path, max_length: int, truncation: Truncation = "head") -> TruncatingTokenizer:
    """The tokenizer in a tokenizer.json, truncating at ``max_length`` and without padding.

    Raises:
        ModelError: the file is missing or cannot be read.
    """
    try:
        tokenizer = Tokenizer.from_file(str(file))
    except Exception as error:  # tokenizers raises nothing narrower
        raise ModelError(f"The tokenizer in {file} cannot be read.", "Use the engine torch.") from error
    tokenizer.no_padding()
    tokenizer.no_truncation()
    return TruncatingTokenizer(tokenizer, max_length, truncation)


def family(engine: str) -> str:
    """The library of an engine: "torch", "onnx" or "openvino"."""
    return engine.split("-")[0]


def is_installed(engine: str) -> bool:
    """Whether the packages of an engine are installed."""
    packages = _PACKAGES[family(engine)] + (("nncf",) if engine in (OPENVINO_INT8, OPENVINO_CHECKED) else ())
    return all(importlib.util.find_spec(package) is not None for package in packages)


def candidate_engines() -> tuple[str, ...]:
    """The engines that can be fastest on this machine, in the order of ``ENGINES``.

    With a GPU these are torch's, and bfloat16 needs hardware for it. Those in ``CHECKED`` follow from others.
    """
    if has_gpu():
        return (TORCH, TORCH_BF16) if host.has_bfloat16() else (TORCH,)
    impossible = {*CHECKED, *(() if host.has_bfloat16() else (TORCH_BF16, OPENVINO_BF16))}
    return tuple(name for name in ENGINES if name not in impossible and is_installed(name))


def has_gpu() -> bool:
    """Whether torch computes on a GPU here; a CPU build of torch answers that without being imported."""
    return not importlib.metadata.version("torch").endswith("+cpu") and host.device() != "cpu"
