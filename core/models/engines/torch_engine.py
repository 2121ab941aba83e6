"""Torch as an engine: the classifier itself, in float32 or with matrix products in bfloat16."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import torch

from core.errors import ConfigError
from core.jobs.events import OnProgress, no_progress
from core.models.classifier import Classifier, load_classifier
from core.models.engines.base import TORCH, TORCH_BF16, Engine
from core.task import Floats, Task


@dataclass(frozen=True)
class TorchEngine:
    """A classifier as an engine."""

    classifier: Classifier
    bfloat16: bool

    @property
    def name(self) -> str:
        """``TORCH`` or ``TORCH_BF16``."""
        return TORCH_BF16 if self.bfloat16 else TORCH

    @property
    def task(self) -> Task:
        """What the model predicts."""
        return self.classifier.task

    def logits(self, texts: Sequence[str], on_progress: OnProgress = no_progress) -> Floats:
        """Logits (n, outputs) in the order of the texts."""
        device = self.classifier.model.device.type
        with torch.autocast(device, dtype=torch.bfloat16, enabled=self.bfloat16):
            return self.classifier.logits(texts, on_progress)


def load_torch_engine(model_folder: Path, bfloat16: bool = False) -> TorchEngine:
    """The engine of a saved model.

    Raises:
        ModelError: the folder has no model, or it is damaged.
    """
    return TorchEngine(load_classifier(model_folder), bfloat16)


def classifier_of(engine: Engine) -> Classifier:
    """The classifier behind an engine.

    Raises:
        ConfigError: it is not an engine of torch.
    """
    if not isinstance(engine, TorchEngine):
        raise ConfigError(f"Expected an engine of torch, found {engine.name!r}.")
    return engine.classifier
