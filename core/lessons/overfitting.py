"""Step 6: a small head that learns twelve sentences by heart, trained on frozen features of the built-in encoder."""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Final

import numpy as np
import pandas as pd
import torch
from torch import nn
from torch.nn import functional

from core.lessons.reviews import HELD_OUT, PATIENCE, STEPS, TRAIN, HeadSettings, Reviews, best_step
from core.lessons.seeding import seeded
from core.models.encoders import BUILT_IN
from core.models.features import load_frozen_encoder

_HIDDEN: Final = 128
_MAX_LENGTH: Final = 32
_STEPS_PER_REPORT: Final = 10


@dataclass
class _History:
    """The losses of a training so far."""

    rows: list[tuple[int, float, float, float]] = field(default_factory=list)

    @property
    def table(self) -> pd.DataFrame:
        return pd.DataFrame(self.rows, columns=["step", "train_loss", "held_out_loss", "accuracy"])


def encode_reviews() -> Reviews:
    """The sentences as frozen features, divided by their common scale.

    Raises:
        ModelError: the built-in encoder is not installed.
    """
    encoder = load_frozen_encoder(BUILT_IN, _MAX_LENGTH)
    features = encoder.features([text for text, _ in (*TRAIN, *HELD_OUT)])
    features = features / features[: len(TRAIN)].std()
    targets = np.array([target for _, target in (*TRAIN, *HELD_OUT)])
    first = len(TRAIN)
    return Reviews((features[:first], targets[:first]), (features[first:], targets[first:]))


def train_head(
    reviews: Reviews, settings: HeadSettings, on_progress: Callable[[pd.DataFrame], None] = lambda _: None
) -> pd.DataFrame:
    """The losses after each step from 0, the untrained head. Columns: step, train_loss, held_out_loss, accuracy (held out).

    The head has one hidden layer; each step sees all twelve sentences. ``on_progress`` receives the table so far after every
    tenth step. Early stopping ends after ten steps without a lower held-out loss.
    """
    (x, y), (held_x, held_y) = (
        (torch.from_numpy(features), torch.from_numpy(targets))
        for features, targets in (reviews.train, reviews.held_out)
    )
    history = _History()
    with seeded(settings.seed):
        head = nn.Sequential(
            nn.Linear(x.shape[1], _HIDDEN), nn.ReLU(), nn.Dropout(settings.dropout), nn.Linear(_HIDDEN, 2)
        )
        optimizer = torch.optim.AdamW(head.parameters(), lr=settings.learning_rate)
        for step in range(STEPS + 1):
            if step:
                head.train()
                optimizer.zero_grad()
                functional.cross_entropy(head(x), y).backward()
                optimizer.step()
            head.eval()
            with torch.inference_mode():
                logits = head(held_x)
                losses = functional.cross_entropy(head(x), y), functional.cross_entropy(logits, held_y)
                accuracy = (logits.argmax(dim=1) == held_y).float().mean()
            history.rows.append((step, losses[0].item(), losses[1].item(), accuracy.item()))
            if settings.early_stopping and step - best_step(history.table) >= PATIENCE:
                break
            if step % _STEPS_PER_REPORT == 0:
                on_progress(history.table)
    return history.table
