"""What an encoder gives as it came: a linear head on its frozen features, which fine-tuning starts from and must beat."""

import time
from dataclasses import dataclass

import numpy as np

from core.data.splitting import Splits
from core.errors import ModelError
from core.jobs.events import OnEvent, OnProgress, Progress
from core.models import classifier as classifiers
from core.models.classifier import Classifier
from core.models.head import Head
from core.task import Floats
from core.training.config import TrainingConfig
from core.training.head_fitting import fit_head


@dataclass(frozen=True)
class Probe:
    """A head fitted on frozen features, and its logits for the validation rows, then the test rows if it was asked for them."""

    head: Head
    logits: Floats


def fit_probe(classifier: Classifier, splits: Splits, seed: int, on_event: OnEvent, answer: bool = False) -> Probe:
    """A head fitted on train, with its strength chosen on validation; with ``answer`` it predicts the test rows as well.

    Under autocast the features have its precision.

    Raises:
        ModelError: the architecture has no frozen features, or the encoder's weights are damaged.
    """
    read = [splits.train, splits.validation, *([splits.test] if answer else [])]
    texts = [text for frame in read for text in frame["text"]]
    features = classifier.features(texts, _report_to(on_event, len(texts)))
    if not np.isfinite(features).all():
        raise ModelError(
            f"{classifier.encoder} turns a text into values that are no numbers: its weights are damaged.",
            "Choose another encoder, or download it anew.",
        )
    trained, chosen = len(splits.train), len(splits.train) + len(splits.validation)
    targets = [splits.task.encode(frame["label"].tolist()) for frame in (splits.train, splits.validation)]
    head = fit_head(splits.task, (features[:trained], targets[0]), (features[trained:chosen], targets[1]), seed)
    return Probe(head, head.logits(features[trained:]))


def answers(splits: Splits, config: TrainingConfig) -> Floats | None:
    """The logits of a :func:`fit_probe` of the encoder as it came, None where the architecture has no frozen features."""
    try:
        classifier = classifiers.build(config.encoder, splits.task, config.max_length)
        classifiers.pooled_model(classifier.model, config.encoder)
    except ModelError:
        return None
    return fit_probe(classifier, splits, config.seed, lambda event: None, answer=True).logits


def _report_to(on_event: OnEvent, total: int) -> OnProgress:
    start = time.monotonic()

    def report(done: int, _: int) -> None:
        rate = done / max(1e-9, time.monotonic() - start)
        on_event(Progress(done, total, (total - done) / rate))

    return report
