"""Mean pooling inside a plain ``BertForSequenceClassification``, so that it loads anywhere.

Sentence encoders such as the built-in one were trained with the mean over all tokens as the vector of a text, while
``BertForSequenceClassification`` reads the [CLS] token alone. One more layer makes the two agree: with query and key zero it
attends to every token that is not padding in equal shares, with the identity as value it takes their mean, and a factor on
its output makes that mean outweigh the residual. After the layer normalisation the [CLS] position holds the normalised mean.
"""

import copy
from typing import Any

import torch
from torch import nn
from transformers import BertForSequenceClassification, PreTrainedModel

# The residual keeps a share of 1/1000 of the pooled vector: below what a classifier can notice.
_OUTWEIGH = 1000.0
# The pooler's tanh is linear to within 3 % at three standard deviations of a normalised vector scaled by this.
POOLED_SCALE = 0.1


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
    freeze_pooling(model)


def freeze_pooling(model: BertForSequenceClassification) -> None:
    """Take the pooling layer and the pooler out of training."""
    model.bert.encoder.layer[-1].requires_grad_(False)
    assert model.bert.pooler is not None
    model.bert.pooler.requires_grad_(False)
