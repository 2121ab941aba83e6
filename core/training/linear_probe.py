"""Linear probe: a linear head on an encoder's frozen features. It is the instant model, and the start of fine-tuning."""

import time
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from core.data.splitting import Splits
from core.errors import ModelError
from core.jobs.events import OnEvent, OnProgress, Progress, ignore_event
from core.models.feature_cache import FeatureCache, compute_features
from core.models.features import FrozenEncoder, load_frozen_encoder
from core.models.head import Head
from core.task import Floats
from core.training.config import TrainingConfig
from core.training.head_fitting import fit_head


@dataclass(frozen=True)
class Probe:
    """A head fitted on frozen features, and its logits for the validation rows, then for the test rows if included.

    ``seconds_per_text`` is the mean time to encode a text, measured over all texts. ``candidates`` are the validation logits of
    the heads that it was chosen from.
    """

    head: Head
    logits: Floats
    seconds_per_text: float
    candidates: Sequence[Floats] = ()


def fit_probe(
    encoder: FrozenEncoder,
    splits: Splits,
    seed: int,
    on_event: OnEvent,
    include_test: bool = False,
    cache: FeatureCache | None = None,
) -> Probe:
    """A head fitted on the training rows, with its regularization chosen on validation; every text is encoded once.

    With a ``cache``, texts that were encoded in an earlier training are not encoded again.

    The features of a classifier have the precision of autocast.

    Raises:
        ModelError: the architecture has no frozen features, or the encoder's weights are damaged.
    """
    frames = [splits.train, splits.validation, *([splits.test] if include_test else [])]
    texts = [text for frame in frames for text in frame["text"]]
    encode = cache.features if cache else compute_features
    encoded = encode(encoder, texts, _progress_reporter(on_event, len(texts)))
    features = encoded.features
    if not np.isfinite(features).all():
        raise ModelError(
            f"The encoder {encoder.encoder} outputs NaN or infinite values: its weights are damaged.",
            "Choose another encoder, or download it again.",
        )
    train, evaluated = np.split(features, [len(splits.train)])
    validation = evaluated[: len(splits.validation)]
    targets = [splits.task.encode(frame["label"].tolist()) for frame in (splits.train, splits.validation)]
    candidates: list[Floats] = []
    rows = (train, targets[0]), (validation, targets[1])
    head = fit_head(splits.task, *rows, seed, on_candidate=candidates.append)
    return Probe(head, head.logits(evaluated), encoded.seconds_per_text, candidates)


def probe_logits(splits: Splits, config: TrainingConfig) -> Floats | None:
    """The logits of a probe for the validation rows, then the test rows; None if the encoder has no frozen features."""
    try:
        encoder = load_frozen_encoder(config.encoder, config.max_length, config.truncation)
    except ModelError:
        return None
    return fit_probe(encoder, splits, config.seed, ignore_event, include_test=True).logits


def _progress_reporter(on_event: OnEvent, total: int) -> OnProgress:
    start = time.monotonic()

    def report(done: int, _: int) -> None:
        texts_per_second = done / max(1e-9, time.monotonic() - start)
        on_event(Progress(done, total, (total - done) / texts_per_second))

    return report
