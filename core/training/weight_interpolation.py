"""Weight interpolation between the start of a training, with a head fitted on the frozen encoder, and its end.

Between the two a model is often better than at either end, especially on texts unlike the training texts (WiSE-FT, Wortsman
et al. 2022). The fraction of the way is chosen on validation.
"""

from collections.abc import Callable
from pathlib import Path

import torch
from safetensors.torch import load_file, save_file
from torch import nn

from core.training.config import INTERPOLATION_SHARES
from core.training.layers import trainable_parameters
from core.workspace import write_atomically

_INITIAL_WEIGHTS = "start.safetensors"


def save_initial_weights(model: nn.Module, checkpoints: Path) -> None:
    """Write the trainable weights beside the checkpoints, where they take no memory."""
    weights = {name: parameter.detach().cpu().contiguous() for name, parameter in trainable_parameters(model)}
    write_atomically(checkpoints / _INITIAL_WEIGHTS, lambda path: save_file(weights, path))


def has_initial_weights(checkpoints: Path) -> bool:
    """Whether :func:`save_initial_weights` has written its file."""
    return (checkpoints / _INITIAL_WEIGHTS).exists()


def choose_interpolation(model: nn.Module, checkpoints: Path, loss: Callable[[], float], final_loss: float) -> float:
    """Move the model back towards its initial weights, to the share of the way with the lowest ``loss``; returns the share.

    ``final_loss`` is the loss of the model as it is, at a share of 1.
    """
    initial = load_file(checkpoints / _INITIAL_WEIGHTS)
    losses, current = {1.0: final_loss}, 1.0
    for share in INTERPOLATION_SHARES:
        _scale_distance(model, initial, share / current)
        losses[current := share] = loss()
    best = min(losses, key=lambda share: losses[share])
    _scale_distance(model, initial, best / current)
    return best


@torch.no_grad()
def _scale_distance(model: nn.Module, initial: dict[str, torch.Tensor], factor: float) -> None:
    """Multiply the distance of each weight from its initial value by a factor."""
    if factor == 1.0:
        return
    for name, parameter in trainable_parameters(model):
        start = initial[name].to(parameter.device)
        parameter.copy_(start + factor * (parameter - start))
