"""Frozen features on disk: all trials of a search, and runs with several seeds or folds, encode the texts once."""

import hashlib
import json
import time
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import numpy as np
from safetensors import SafetensorError
from safetensors.numpy import load_file, save_file

from core.errors import StorageError
from core.jobs.events import OnProgress, no_progress
from core.models.engines.load import FeatureEncoder
from core.models.features import FrozenEncoder
from core.task import Floats
from core.workspace import write_atomically

# A folder keeps the features that were used last.
_MAX_FILES = 4
_MAX_BYTES = 256_000_000


@dataclass(frozen=True)
class TimedFeatures:
    """Features (n, hidden) of texts, and the mean time in seconds that encoding a text took."""

    features: Floats
    seconds_per_text: float


@dataclass(frozen=True)
class FeatureCache:
    """The features of sets of texts in a folder, which belongs to a search or a dataset and is deleted with it."""

    folder: Path

    def features(
        self, encoder: FrozenEncoder, texts: Sequence[str], on_progress: OnProgress = no_progress
    ) -> TimedFeatures:
        """The features of texts, in their order: stored ones, or computed and stored.

        Only those of an exported encoder are stored. Those of a classifier depend on its device and precision.
        """
        unique = sorted(set(texts))
        if not isinstance(encoder, FeatureEncoder):
            return compute_features(encoder, texts, on_progress)
        path = self.folder / f"{_key(encoder, unique)}.safetensors"
        found = _read(path, len(unique))
        if found is None:
            found = compute_features(encoder, unique, on_progress)
            self._store(path, found)
        rows = {text: row for row, text in enumerate(unique)}
        return TimedFeatures(found.features[[rows[text] for text in texts]], found.seconds_per_text)

    def _store(self, path: Path, found: TimedFeatures) -> None:
        if found.features.nbytes > _MAX_BYTES:
            return
        with suppress(StorageError, OSError):  # a training can do without, such as on a full disk
            write_atomically(path, partial(_write, found))
            newest_first = sorted(
                self.folder.glob("*.safetensors"), key=lambda file: file.stat().st_mtime, reverse=True
            )
            for old in newest_first[_MAX_FILES:]:
                old.unlink(missing_ok=True)


def compute_features(
    encoder: FrozenEncoder, texts: Sequence[str], on_progress: OnProgress = no_progress
) -> TimedFeatures:
    """The features of texts, in their order, computed now."""
    start = time.perf_counter()
    features = encoder.features(texts, on_progress)
    return TimedFeatures(features, (time.perf_counter() - start) / len(texts))


def _key(encoder: FeatureEncoder, texts: Sequence[str]) -> str:
    """Hexadecimal digits that differ where the features would."""
    settings = [encoder.fingerprint, encoder.max_length, encoder.truncation, *texts]
    return hashlib.blake2b(json.dumps(settings).encode(), digest_size=16).hexdigest()


def _write(found: TimedFeatures, path: Path) -> None:
    save_file({"features": found.features, "seconds_per_text": np.asarray([found.seconds_per_text])}, path)


def _read(path: Path, rows: int) -> TimedFeatures | None:
    """The stored features; None if there are none, or their file is damaged."""
    try:
        stored = load_file(path)
        path.touch()
        features, seconds = stored["features"], float(stored["seconds_per_text"][0])
    except (OSError, SafetensorError, KeyError):
        return None
    is_whole = features.ndim == 2 and len(features) == rows and features.dtype == np.float32
    return TimedFeatures(features, seconds) if is_whole else None
