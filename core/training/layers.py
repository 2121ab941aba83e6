"""Which parts of an encoder learn, and how fast: frozen layers, rates that fall towards the bottom, dropout, attention."""

from collections.abc import Iterator
from contextlib import suppress
from typing import Any

import torch
from torch import nn
from torch.utils.hooks import RemovableHandle
from transformers import PreTrainedModel, PreTrainedTokenizerBase

from core import host
from core.errors import ConfigError
from core.models.classifier import output_layer
from core.training.config import TrainingConfig

# Share of its weights that a fitted head starts with. Accuracy with the whole head and with a quarter of it: 0.819 and
# 0.844 on 2,000 AG News texts after 800, 0.805 and 0.856 on the clinic sample (6 epochs, mean of two splits).
_SOFTENED = 0.25
_SHORT_TEXT = 128
_NO_DECAY = ("bias", "norm.weight")
_BELOW = ("embedding", "encoder.LayerNorm")


def encoder_layers(model: PreTrainedModel) -> list[nn.Module]:
    """The layers between embeddings and head, the lowest first; what only pools has nothing to learn and is none of them."""
    stacks = [module for module in model.base_model.modules() if isinstance(module, nn.ModuleList)]
    stack = max(stacks, key=lambda stack: sum(parameter.numel() for parameter in stack.parameters()))
    return [layer for layer in stack if any(True for _ in layer.parameters())]


def freeze(model: PreTrainedModel, config: TrainingConfig) -> None:
    """Freeze the word embeddings, or all embeddings and the lowest layers: no gradient is computed below the first that learns.

    At least the topmost layer goes on learning.
    """
    if config.freeze_embeddings:
        model.get_input_embeddings().requires_grad_(False)
    if not config.frozen_layers:
        return
    for name, parameter in model.base_model.named_parameters():
        if is_below_layers(name):
            parameter.requires_grad_(False)
    layers = encoder_layers(model)
    for layer in layers[: min(config.frozen_layers, len(layers) - 1)]:
        layer.requires_grad_(False)


def choose_attention(model: PreTrainedModel, length: float, bfloat16: bool) -> None:
    """Take the attention whose training step is fastest for texts of this mean length in word pieces.

    On short texts in bfloat16 on a CPU these are plain matrix products: the fused kernel's backward pass makes a step of 16 texts
    of 48 tokens 1.25 times as long. On long texts it is the other way round.
    """
    set_attention(model, "eager" if bfloat16 and host.device() == "cpu" and length <= _SHORT_TEXT else "sdpa")


def set_attention(model: PreTrainedModel, how: str) -> None:
    """Set the attention implementation, where the architecture lets one choose."""
    with suppress(ValueError):
        model.set_attn_implementation(how)


def set_dropout(model: nn.Module, share: float) -> None:
    """Drop this share of hidden values; where nothing is dropped anyway (attention, pooling) it stays so."""
    for module in model.modules():
        if isinstance(module, nn.Dropout) and module.p > 0:
            module.p = share


def mask_tokens(model: PreTrainedModel, tokenizer: PreTrainedTokenizerBase, share: float) -> RemovableHandle:
    """Hide this share of the word pieces behind the mask token whenever the model trains; special tokens stay.

    Done where the model is called, not where batches are made: the library makes those ahead, also while it validates. What is
    hidden is drawn from torch's generator, whose state checkpoints keep.

    Raises:
        ConfigError: there is something to hide, and no token to hide it behind.
    """
    hidden = tokenizer.mask_token_id if tokenizer.mask_token_id is not None else tokenizer.unk_token_id
    if share and hidden is None:
        raise ConfigError(
            "This encoder knows no token to hide words behind.", "Set the share of hidden words (token dropout) to 0."
        )
    special = torch.tensor(sorted(tokenizer.all_special_ids))

    def hide(
        module: nn.Module, positional: tuple[Any, ...], given: dict[str, Any]
    ) -> tuple[tuple[Any, ...], dict[str, Any]]:
        if share and module.training:
            ids = given["input_ids"]
            chosen = (torch.rand(ids.shape) < share).to(ids.device) & ~torch.isin(ids, special.to(ids.device))
            given = {**given, "input_ids": ids.masked_fill(chosen, hidden)}
        return positional, given

    return model.register_forward_pre_hook(hide, with_kwargs=True)


@torch.no_grad()
def scale_down(layer: nn.Linear) -> None:
    """Make a fitted head less sure of itself, or the loss would be so small that the encoder learned nothing from it."""
    layer.weight.mul_(_SOFTENED)
    layer.bias.mul_(_SOFTENED)


def parameter_groups(model: PreTrainedModel, config: TrainingConfig) -> list[dict[str, Any]]:
    """Parameters with their learning rate and weight decay; the rate falls by ``layer_decay`` from layer to layer.

    The head's come first: the rate of the first group is the one that is shown.
    """
    layers = encoder_layers(model)
    height = {id(p): position for position, layer in enumerate(layers, 1) for p in layer.parameters()}
    head = {id(p) for p in output_layer(model).parameters()}
    groups: dict[tuple[int, bool], list[nn.Parameter]] = {}
    for name, parameter in trainable_parameters(model):
        above = 0 if id(parameter) in head else len(layers) + 1 - height.get(id(parameter), _height(name, len(layers)))
        decays = not name.lower().endswith(_NO_DECAY)
        groups.setdefault((above, decays), []).append(parameter)
    return [
        {
            "params": parameters,
            "lr": config.learning_rate * config.layer_decay**above,
            "weight_decay": config.weight_decay if decays else 0.0,
        }
        for (above, decays), parameters in sorted(groups.items(), key=lambda group: group[0])
    ]


def is_below_layers(name: str) -> bool:
    """Whether a parameter outside of the layers feeds them; DeBERTa's relative embeddings and their norm lead into each."""
    return any(part in name for part in _BELOW)


def _height(name: str, layers: int) -> int:
    return 0 if is_below_layers(name) else layers + 1


def trainable_parameters(model: nn.Module) -> Iterator[tuple[str, nn.Parameter]]:
    """The parameters that are not frozen, with their names."""
    return ((name, parameter) for name, parameter in model.named_parameters() if parameter.requires_grad)
