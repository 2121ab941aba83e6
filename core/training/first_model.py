"""The first model of an instant run: a head on token embeddings, which predicts while the encoder reads. Imports no torch."""

from pathlib import Path
from typing import Any

import numpy as np

from core.data.splitting import Splits
from core.evaluation.decisions.weight_correction import fit_calibration
from core.evaluation.metrics.summary import summarize
from core.models.record import STATIC, ModelRecord, write_head
from core.models.static_encoder import load_static_encoder
from core.training.config import TrainingConfig
from core.training.head_fitting import fit_head, sample_rows, training_class_weights

# It must be there at once: with more rows and more strengths of regularization it is hardly better.
_ROWS = 20_000
_C_VALUES = (0.01, 0.1)


def save_first_model(splits: Splits, config: TrainingConfig, folder: Path) -> dict[str, float]:
    """The metrics on the validation rows of a first model, which is fitted, calibrated and saved in a folder.

    Raises:
        ModelError: the encoder cannot be found or downloaded, or is not a BERT.
    """
    task = splits.task
    encoder = load_static_encoder(config.encoder, config.max_length, config.truncation)
    y_train, y_true = (task.encode(frame["label"].tolist()) for frame in (splits.train, splits.validation))
    all_texts: Any = np.array(splits.train["text"].tolist(), dtype=object)
    texts, targets = sample_rows(task, (all_texts, y_train), _ROWS, config.seed)
    features = encoder.features(splits.validation["text"].tolist())
    head = fit_head(task, (encoder.features(texts.tolist()), targets), (features, y_true), config.seed, _C_VALUES)
    head = head.calibrated(fit_calibration(task, y_true, head.logits(features), training_class_weights(task, y_train)))
    write_head(folder, head, ModelRecord(STATIC, task, config.encoder, encoder.max_length, config.truncation))
    return summarize(task, y_true, head.logits(features))
