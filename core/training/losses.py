"""The loss of each task: cross-entropy, binary cross-entropy per label, or squared error; with class weights and smoothing."""

from collections.abc import Callable
from typing import Any

import numpy as np
import torch
from torch.nn import functional

from core.data.splitting import Splits
from core.training.class_weights import class_weights, clip_weights
from core.training.config import TrainingConfig

Loss = Callable[..., torch.Tensor]


def build_loss(splits: Splits, config: TrainingConfig) -> Loss:
    """The loss function that the ``Trainer`` calls with ``(outputs, labels, num_items_in_batch)``.

    It sums over the items of a batch and divides by the items of the whole step, so it does not depend on how a step is
    divided into batches.
    """
    weights = loss_weights(splits, config.class_weight_power) if config.class_weight_power else None
    kind, smoothing = splits.task.kind, config.label_smoothing

    def loss(outputs: Any, labels: torch.Tensor, num_items_in_batch: torch.Tensor | int | None = None) -> torch.Tensor:
        logits = outputs["logits"].float()
        items = labels.numel() if num_items_in_batch is None else num_items_in_batch
        scale = weights.to(logits.device) if weights is not None else None
        if kind == "regression":
            total = functional.mse_loss(logits.squeeze(-1), labels.float(), reduction="sum")
        elif kind == "multilabel":
            targets = labels.float() * (1 - smoothing) + smoothing / 2
            total = functional.binary_cross_entropy_with_logits(logits, targets, pos_weight=scale, reduction="sum")
        else:
            losses = functional.cross_entropy(logits, labels, label_smoothing=smoothing, reduction="none")
            total = (losses if scale is None else losses * scale[labels]).sum()
        return total / items

    return loss


def loss_weights(splits: Splits, power: float = 1.0) -> torch.Tensor | None:
    """The weights (outputs,) of the loss, to a power; None for regression.

    Class weights for one label per text (see ``core.training.class_weights``); for several labels the number of negatives per
    positive, as ``pos_weight`` of torch.
    """
    task = splits.task
    if task.kind == "regression":
        return None
    targets = task.encode(splits.train["label"].tolist())
    if task.kind == "multilabel":
        positive = np.maximum(targets.sum(axis=0), 1)
        return torch.tensor(clip_weights(((len(targets) - positive) / positive) ** power), dtype=torch.float32)
    return torch.tensor(class_weights(targets, task.outputs, power), dtype=torch.float32)
