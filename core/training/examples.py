"""Labeled texts in the form that the ``Trainer`` reads: token ids, and targets on the scale of the loss."""

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
    """Standardizes the targets of a regression; the targets of a classification stay as they are."""

    def __init__(self, mean: float, std: float) -> None:
        self.mean, self.std = mean, std

    @classmethod
    def fit(cls, splits: Splits) -> "TargetScaler":
        """A scaler with the mean and standard deviation of the training rows."""
        if splits.task.kind != "regression":
            return cls(0.0, 1.0)
        scores = splits.train["label"].to_numpy(dtype=np.float64)
        return cls(float(scores.mean()), float(scores.std()) or 1.0)

    def transform(self, targets: np.ndarray) -> np.ndarray:
        """Standardized targets."""
        return (targets - self.mean) / self.std if (self.mean, self.std) != (0.0, 1.0) else targets

    def inverse_transform(self, values: np.ndarray) -> np.ndarray:
        """Values on the original scale."""
        return values * self.std + self.mean

    @torch.no_grad()
    def standardize_layer(self, layer: torch.nn.Linear) -> None:
        """Change a layer that outputs scores into one that outputs standardized scores."""
        layer.weight.div_(self.std)
        layer.bias.sub_(self.mean).div_(self.std)

    @torch.no_grad()
    def unstandardize_layer(self, layer: torch.nn.Linear) -> None:
        """Change a layer that outputs standardized scores into one that outputs scores, for the saved model."""
        layer.weight.mul_(self.std)
        layer.bias.mul_(self.std).add_(self.mean)


def build_dataset(frame: pd.DataFrame, classifier: Classifier, scaler: TargetScaler) -> Dataset:
    """The rows of a frame as a dataset with the columns input_ids, labels and length (in tokens)."""
    targets = scaler.transform(classifier.task.encode(frame["label"].tolist()))
    columns = pd.DataFrame({"text": frame["text"].tolist(), "labels": list(targets)})

    def tokenize(batch: dict[str, Any]) -> dict[str, Any]:
        token_ids = classifier.token_ids(batch["text"])
        return {"input_ids": token_ids, "length": [len(ids) for ids in token_ids]}

    # Without a fingerprint of its own, the library hashes the whole model to make one, which takes seconds.
    return Dataset.from_pandas(columns, preserve_index=False).map(
        tokenize, batched=True, remove_columns=["text"], new_fingerprint=uuid.uuid4().hex
    )


class LengthGroupedSampler(Sampler[int]):
    """An order of rows in which the rows of a step have similar lengths, so that there is little padding.

    The steps come in random order, except that the one with the longest rows is first: if it does not fit into memory, the
    training fails at once. Rows left over from whole steps are drawn from all lengths. All draws come from torch's generator,
    whose state is saved in checkpoints.
    """

    def __init__(self, lengths: Sequence[int], effective_batch_size: int) -> None:
        self._padded_lengths = torch.tensor([math.ceil(length / PAD_TO_MULTIPLE_OF) for length in lengths])
        self._effective_batch_size = effective_batch_size

    def __len__(self) -> int:
        return len(self._padded_lengths)

    def __iter__(self) -> Iterator[int]:
        order = torch.randperm(len(self))
        left_over, order = order.tensor_split([len(order) % self._effective_batch_size])
        by_length = self._padded_lengths[order].argsort(descending=True, stable=True)
        steps = order[by_length].view(-1, self._effective_batch_size)
        shuffled = steps[1:][torch.randperm(max(0, len(steps) - 1))]
        return iter([*steps[:1].flatten().tolist(), *shuffled.flatten().tolist(), *left_over.tolist()])


def sort_by_length(dataset: Dataset) -> Dataset:
    """The dataset with the shortest texts first, so that evaluation needs little padding."""
    return dataset.select(np.argsort(dataset["length"], kind="stable"), new_fingerprint=uuid.uuid4().hex)
