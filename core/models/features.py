"""Frozen features of an encoder, computed by the fastest engine that gives those of torch in float32."""

from collections.abc import Sequence
from contextlib import suppress
from typing import Protocol

from core import host
from core.errors import ModelError
from core.jobs.events import OnProgress, no_progress
from core.models.engines.base import ONNX_FP32, has_gpu, is_installed
from core.models.engines.load import load_feature_encoder
from core.models.truncation import Truncation
from core.task import Floats, Task


class FrozenEncoder(Protocol):
    """What computes features from texts: an exported encoder, the encoder of a classifier, or a static encoder."""

    @property
    def encoder(self) -> str:
        """The name of the encoder."""
        ...

    @property
    def max_length(self) -> int:
        """The largest number of tokens that are read of a text."""
        ...

    def features(self, texts: Sequence[str], on_progress: OnProgress = no_progress) -> Floats:
        """The vectors (n, hidden) that a head reads."""
        ...


def load_frozen_encoder(encoder: str, max_length: int, truncation: Truncation = "head") -> FrozenEncoder:
    """The features of an encoder: by ONNX Runtime on a CPU, by torch on a GPU or where the encoder cannot be exported.

    Raises:
        ModelError: the encoder cannot be found, downloaded or loaded, or its architecture has no frozen features.
    """
    if is_installed(ONNX_FP32) and not has_gpu():
        with suppress(ModelError):
            return load_feature_encoder(encoder, max_length, truncation=truncation)
    # Imported here because torch takes seconds, and ONNX Runtime does without it.
    from core.models.classifier import build_classifier, require_mean_pooling

    classifier = build_classifier(encoder, Task("regression", ()), max_length, truncation)
    require_mean_pooling(classifier.model, encoder)
    classifier.model.to(host.device())  # type: ignore[arg-type]
    return classifier
