"""Weights between where training started, a head fitted on the encoder as it came, and where it ended.

On the way from one to the other a model often does better than at either end, above all on rows unlike those it was trained on
(WiSE-FT, Wortsman et al. 2022). How far to go is chosen on validation.
"""

from collections.abc import Callable
from pathlib import Path

import torch
from safetensors.torch import load_file, save_file
from torch import nn

from core.training.config import INTERPOLATION_SHARES
from core.training.layers import trainable_parameters
from core.workspace import write_atomically

_START = "start.safetensors"


def save_initial_weights(model: nn.Module, checkpoints: Path) -> None:
    """Write what is going to learn beside the checkpoints, where it takes no memory."""
    weights = {name: parameter.detach().cpu().contiguous() for name, parameter in trainable_parameters(model)}
    write_atomically(checkpoints / _START, lambda path: save_file(weights, path))


def has_initial_weights(checkpoints: Path) -> bool:
    """Whether :func:`save_initial_weights` was here."""
    return (checkpoints / _START).exists()


def choose_interpolation(model: nn.Module, checkpoints: Path, loss: Callable[[], float], whole_way: float) -> float:
    """Take the model back towards the start to the share of the way that gives the least ``loss``; returns that share.

    ``whole_way`` is the loss of the model as it stands.
    """
    start = load_file(checkpoints / _START)
    losses, here = {1.0: whole_way}, 1.0
    for share in INTERPOLATION_SHARES:
        _scale(model, start, share / here)
        losses[here := share] = loss()
    best = min(losses, key=lambda share: losses[share])
    _scale(model, start, best / here)
    return best


@torch.no_grad()
def _scale(model: nn.Module, start: dict[str, torch.Tensor], factor: float) -> None:
    """Make the way from the start to each weight so many times as long."""
    if factor == 1.0:
        return
    for name, parameter in trainable_parameters(model):
        begun = start[name].to(parameter.device)
        parameter.copy_(begun + factor * (parameter - begun))
