"""Mean pooling inside a plain ``BertForSequenceClassification``, so that it loads anywhere.

Sentence encoders such as the built-in one were trained with the mean over all tokens as the vector of a text, while
``BertForSequenceClassification`` reads the [CLS] token alone. One more layer makes the two agree: with query and key zero it
attends to every token that is not padding in equal shares, with the identity as value it takes their mean, and a factor on
its output makes that mean outweigh the residual. After the layer normalisation the [CLS] position holds the normalised mean.

That layer is how the mean is written down. While we compute, :class:`DirectPooling` stands in for it: the same sums without
multiplying by zeros and ones, which saves a seventh of the time of a six-layer encoder.
"""

import copy
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, cast

import torch
from torch import nn
from transformers import BertForSequenceClassification, PreTrainedModel

# The residual keeps a share of 1/1000 of the pooled vector: below what a classifier can notice.
_OUTWEIGH = 1000.0
# The pooler's tanh is linear to within 3 % at three standard deviations of a normalised vector scaled by this.
POOLED_SCALE = 0.1
_NORM_EPS = 1e-12


def has_mean_pooling(model: PreTrainedModel) -> bool:
    """Whether the model's vector of a text is the mean of its tokens, as :func:`add_mean_pooling` makes it."""
    return bool(getattr(model.config, "mean_pooling_layer", False))


def can_pool(model: PreTrainedModel) -> bool:
    """Whether the architecture takes the extra layer."""
    return isinstance(model, BertForSequenceClassification)


@torch.no_grad()
def add_mean_pooling(model: BertForSequenceClassification) -> None:
    """Append the pooling layer, in place. Its weights and the pooler's are frozen: they are arithmetic, not knowledge."""
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
    layer.attention.output.dense.weight.copy_(_OUTWEIGH * identity)
    pooler.dense.weight.copy_(POOLED_SCALE * identity)
    pooler.dense.bias.zero_()
    encoder.layer.append(layer)
    model.config.num_hidden_layers += 1
    model.config.mean_pooling_layer = True
    pooler.requires_grad_(False)


class DirectPooling(nn.Module):
    """Stands in for the pooling layer: token vectors (n, length, hidden) to their normalised mean (n, 1, hidden)."""

    def __init__(self, layer: nn.Module) -> None:
        super().__init__()
        # In a tuple it is no submodule: nothing trains it, moves it or writes it into checkpoints.
        self._layer = (layer.requires_grad_(False),)

    @property
    def layer(self) -> nn.Module:
        """The pooling layer proper."""
        return self._layer[0]

    def forward(
        self, hidden: torch.Tensor, attention_mask: torch.Tensor | None = None, *rest: Any, **named: Any
    ) -> torch.Tensor:
        """``attention_mask`` is what the encoder's layers get: none, booleans, or zeros and very negative numbers."""
        with torch.autocast(hidden.device.type, enabled=False):
            tokens = hidden.float()
            if attention_mask is None:
                mean = tokens.mean(dim=1, keepdim=True)
            else:
                seen = attention_mask[:, 0, 0, :]
                seen = seen if seen.dtype == torch.bool else seen == 0
                mean = (seen / seen.sum(dim=1, keepdim=True)).unsqueeze(1) @ tokens
            pooled = _OUTWEIGH * mean + tokens[:, :1]
            for _ in range(2):  # after the layer's attention, and after its empty feed-forward part
                pooled = nn.functional.layer_norm(pooled, pooled.shape[-1:], eps=_NORM_EPS)
        return pooled


def pool_directly(model: PreTrainedModel) -> None:
    """Put :class:`DirectPooling` in the place of the pooling layer, if the model has one."""
    if has_mean_pooling(model):
        layers = _layers(model)
        layers[-1] = DirectPooling(layers[-1])


@contextmanager
def pooling_layer_in_place(model: PreTrainedModel) -> Iterator[None]:
    """While this lasts the model has its pooling layer proper, as it has to be saved."""
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
