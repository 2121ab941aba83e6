"""Mean pooling inside a plain ``BertForSequenceClassification``, so that any copy of transformers can load it.

Sentence encoders such as the built-in one were trained with the mean over all tokens as the vector of a text, but
``BertForSequenceClassification`` reads only the [CLS] token. One additional layer computes the mean: with zero query and key
weights it attends equally to every token that is not padding, with the identity as value it averages them, and a large factor
on its output makes the mean outweigh the residual. After layer normalization, the [CLS] position contains the normalized mean.

That layer is the form in which models are saved. For computation, :class:`DirectPooling` replaces it: the same sums without
multiplications by zeros and ones, which saves a seventh of the time of a six-layer encoder.
"""

import copy
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, cast

import torch
from torch import nn
from transformers import BertForSequenceClassification, PreTrainedModel

from core.models.head import MEAN_FACTOR, NORM_EPS, POOLED_SCALE


def has_mean_pooling(model: PreTrainedModel) -> bool:
    """Whether the model has the layer of :func:`add_mean_pooling`."""
    return bool(getattr(model.config, "mean_pooling_layer", False))


def can_pool(model: PreTrainedModel) -> bool:
    """Whether mean pooling can be added to the model: only BERT has the layers that it needs."""
    return isinstance(model, BertForSequenceClassification)


@torch.no_grad()
def add_mean_pooling(model: BertForSequenceClassification) -> None:
    """Append the pooling layer in place and set the pooler to match it. Both are fixed arithmetic, so training freezes them."""
    encoder, pooler = model.bert.encoder, model.bert.pooler
    assert pooler is not None
    layer: Any = copy.deepcopy(encoder.layer[-1])
    for module in layer.modules():
        if isinstance(module, nn.Linear):
            module.weight.zero_()
            module.bias.zero_()
        elif isinstance(module, nn.LayerNorm):
            module.weight.fill_(1.0)
            module.bias.zero_()
        elif isinstance(module, nn.Dropout):
            module.p = 0.0
    identity = torch.eye(model.config.hidden_size)
    layer.attention.self.value.weight.copy_(identity)
    layer.attention.output.dense.weight.copy_(MEAN_FACTOR * identity)
    pooler.dense.weight.copy_(POOLED_SCALE * identity)
    pooler.dense.bias.zero_()
    encoder.layer.append(layer)
    model.config.num_hidden_layers += 1
    model.config.mean_pooling_layer = True
    pooler.requires_grad_(False)


class DirectPooling(nn.Module):
    """A fast replacement of the pooling layer: token vectors (n, length, hidden) to their normalized mean (n, 1, hidden)."""

    def __init__(self, layer: nn.Module) -> None:
        super().__init__()
        # Inside a tuple it is not a submodule, so it is not trained, moved to a device or saved.
        self._layer = (layer.requires_grad_(False),)

    @property
    def layer(self) -> nn.Module:
        """The layer that this module replaces."""
        return self._layer[0]

    def forward(
        self, hidden: torch.Tensor, attention_mask: torch.Tensor | None = None, *args: Any, **kwargs: Any
    ) -> torch.Tensor:
        """The pooled vectors.

        ``attention_mask`` is None, boolean, or additive (0 for tokens, very negative for padding). Its exponential is the weight
        of a token.
        """
        with torch.autocast(hidden.device.type, enabled=False):
            tokens = hidden.float()
            if attention_mask is None:
                mean = tokens.mean(dim=1, keepdim=True)
            else:
                mask = attention_mask[:, 0, 0, :]
                weight = mask if mask.dtype == torch.bool else mask.float().exp()
                mean = (weight / weight.sum(dim=1, keepdim=True)).unsqueeze(1) @ tokens
            pooled = MEAN_FACTOR * mean + tokens[:, :1]
            for _ in range(2):  # after attention, and after the feed-forward part, which is zero
                pooled = nn.functional.layer_norm(pooled, pooled.shape[-1:], eps=NORM_EPS)
        return pooled


def use_direct_pooling(model: PreTrainedModel) -> None:
    """Replace the model's pooling layer, if it has one, with :class:`DirectPooling`, in place."""
    if has_mean_pooling(model):
        layers = _layers(model)
        layers[-1] = DirectPooling(layers[-1])


@contextmanager
def restored_pooling_layer(model: PreTrainedModel) -> Iterator[None]:
    """A context in which the model has its original pooling layer, for saving."""
    if not has_mean_pooling(model):
        yield
        return
    layers = _layers(model)
    direct = cast(DirectPooling, layers[-1])
    layers[-1] = direct.layer
    try:
        yield
    finally:
        layers[-1] = direct


def _layers(model: PreTrainedModel) -> nn.ModuleList:
    return cast(BertForSequenceClassification, model).bert.encoder.layer
