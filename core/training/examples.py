"""Labelled texts as the ``Trainer`` reads them: word pieces, and targets on the scale of the loss."""

import math
import uuid
from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np
import pandas as pd
import torch
from datasets import Dataset
from torch.utils.data import Sampler

from core.data.splitting import Splits
from core.models.classifier import Classifier
from core.training.config import PAD_TO_MULTIPLE_OF


class TargetScaler:
    """Standardises the targets of a regression for the loss; classification passes through untouched."""

    def __init__(self, mean: float, deviation: float) -> None:
        self.mean, self.deviation = mean, deviation

    @classmethod
    def of(cls, splits: Splits) -> "TargetScaler":
        """By mean and standard deviation of the training rows."""
        if splits.task.kind != "regression":
            return cls(0.0, 1.0)
        scores = splits.train["label"].to_numpy(dtype=np.float64)
        return cls(float(scores.mean()), float(scores.std()) or 1.0)

    def apply(self, targets: np.ndarray) -> np.ndarray:
        """Standardised targets."""
        return (targets - self.mean) / self.deviation if (self.mean, self.deviation) != (0.0, 1.0) else targets

    def undo(self, values: np.ndarray) -> np.ndarray:
        """Scores again."""
        return values * self.deviation + self.mean

    @torch.no_grad()
    def standardize_layer(self, layer: torch.nn.Linear) -> None:
        """Make a layer that gives scores give standardised ones."""
        layer.weight.div_(self.deviation)
        layer.bias.sub_(self.mean).div_(self.deviation)

    @torch.no_grad()
    def unstandardize_layer(self, layer: torch.nn.Linear) -> None:
        """Make a layer that gives standardised scores give scores, so that the saved model needs no explanation."""
        layer.weight.mul_(self.deviation)
        layer.bias.mul_(self.deviation).add_(self.mean)


def encode(frame: pd.DataFrame, classifier: Classifier, scale: TargetScaler) -> Dataset:
    """Columns input_ids, labels and length (in word pieces), a row for each of the frame."""
    targets = scale.apply(classifier.task.encode(frame["label"].tolist()))
    columns = pd.DataFrame({"text": frame["text"].tolist(), "labels": list(targets)})

    def tokenize(batch: dict[str, Any]) -> dict[str, Any]:
        encoded = classifier.tokenizer(batch["text"], truncation=True, max_length=classifier.max_length)
        return {"input_ids": encoded["input_ids"], "length": [len(ids) for ids in encoded["input_ids"]]}

    # A fingerprint of its own keeps the library from hashing the whole model to make one, which takes seconds.
    return Dataset.from_pandas(columns, preserve_index=False).map(
        tokenize, batched=True, remove_columns=["text"], new_fingerprint=uuid.uuid4().hex
    )


class LengthGroupedSampler(Sampler[int]):
    """An order of rows in which those of a step are of like length, so that little is padding; steps come in random order.

    The longest come first, so that what does not fit into memory shows at once. Rows left over from whole steps are drawn
    from all lengths. Drawn from torch's generator, whose state checkpoints keep.
    """

    def __init__(self, lengths: Sequence[int], effective_batch_size: int) -> None:
        self._padded_lengths = torch.tensor([math.ceil(length / PAD_TO_MULTIPLE_OF) for length in lengths])
        self._rows_a_step = effective_batch_size

    def __len__(self) -> int:
        return len(self._padded_lengths)

    def __iter__(self) -> Iterator[int]:
        order = torch.randperm(len(self))
        left_over, order = order.tensor_split([len(order) % self._rows_a_step])
        by_length = self._padded_lengths[order].argsort(descending=True, stable=True)
        steps = order[by_length].view(-1, self._rows_a_step)
        shuffled = steps[1:][torch.randperm(max(0, len(steps) - 1))]
        return iter([*steps[:1].flatten().tolist(), *shuffled.flatten().tolist(), *left_over.tolist()])


def shortest_first(dataset: Dataset) -> Dataset:
    """Neighbours of like length, so that evaluation pads little."""
    return dataset.select(np.argsort(dataset["length"], kind="stable"), new_fingerprint=uuid.uuid4().hex)
