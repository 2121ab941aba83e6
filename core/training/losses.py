"""The loss of each task: cross-entropy, binary cross-entropy for each label, squared error; weighted and smoothed if asked."""

from collections.abc import Callable
from typing import Any

import numpy as np
import torch
from torch.nn import functional

from core.data.splitting import Splits
from core.task import Task
from core.training import class_weights
from core.training.config import TrainingConfig

Loss = Callable[..., torch.Tensor]


def loss_of(splits: Splits, config: TrainingConfig) -> Loss:
    """The loss as the ``Trainer`` calls it: ``loss(outputs, labels, num_items_in_batch)``.

    A sum over the items of a step divided by their number, so that it is the same however a step is cut into batches.
    """
    weight = loss_weights(splits, config.class_weight_power) if config.class_weight_power else None
    kind, smoothing = splits.task.kind, config.label_smoothing

    def loss(outputs: Any, labels: torch.Tensor, num_items_in_batch: torch.Tensor | int | None = None) -> torch.Tensor:
        logits = outputs["logits"].float()
        items = labels.numel() if num_items_in_batch is None else num_items_in_batch
        scale = weight.to(logits.device) if weight is not None else None
        if kind == "regression":
            total = functional.mse_loss(logits.squeeze(-1), labels.float(), reduction="sum")
        elif kind == "multilabel":
            targets = labels.float() * (1 - smoothing) + smoothing / 2
            total = functional.binary_cross_entropy_with_logits(logits, targets, pos_weight=scale, reduction="sum")
        else:
            each = functional.cross_entropy(logits, labels, label_smoothing=smoothing, reduction="none")
            total = (each if scale is None else each * scale[labels]).sum()
        return total / items

    return loss


def loss_weights(splits: Splits, power: float = 1.0) -> torch.Tensor | None:
    """Weights that let each class count the same (see ``core.training.class_weights``), to a power, (outputs,).

    For labels it is the number of negatives per positive. None for a score.
    """
    task: Task = splits.task
    if task.kind == "regression":
        return None
    targets = task.encode(splits.train["label"].tolist())
    if task.kind == "multilabel":
        positive = np.maximum(targets.sum(axis=0), 1)
        return torch.tensor(class_weights.limited(((len(targets) - positive) / positive) ** power), dtype=torch.float32)
    return torch.tensor(class_weights.class_weights(targets, task.outputs, power), dtype=torch.float32)
