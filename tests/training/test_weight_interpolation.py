"""Weight interpolation: the model moves back towards its initial weights to the share with the lowest loss."""

from pathlib import Path

import pytest
import torch
from torch import nn

from core.training.config import INTERPOLATION_SHARES
from core.training.weight_interpolation import choose_interpolation, has_initial_weights, save_initial_weights


class HalfFrozen(nn.Module):
    """A module with a frozen and a trainable layer, all weights 1."""

    def __init__(self) -> None:
        super().__init__()
        self.frozen, self.trainable = nn.Linear(2, 2, bias=False), nn.Linear(2, 1)
        self.frozen.requires_grad_(False)
        with torch.no_grad():
            for parameter in self.parameters():
                parameter.fill_(1.0)


@pytest.mark.parametrize("best", [1.0, *INTERPOLATION_SHARES])
def test_the_share_with_the_lowest_loss_is_chosen(best: float, tmp_path: Path) -> None:
    model = HalfFrozen()
    assert not has_initial_weights(tmp_path)
    save_initial_weights(model, tmp_path)
    assert has_initial_weights(tmp_path)
    with torch.no_grad():
        model.trainable.weight.fill_(5.0)

    def loss() -> float:
        return abs(float(model.trainable.weight.detach()[0, 0]) - (1 + 4 * best))

    assert choose_interpolation(model, tmp_path, loss, loss()) == best
    assert model.trainable.weight.detach().flatten().tolist() == pytest.approx([1 + 4 * best, 1 + 4 * best])
    assert model.frozen.weight.detach().sum() == 4


def test_the_final_weights_are_kept_if_all_shares_are_equally_good(tmp_path: Path) -> None:
    model = HalfFrozen()
    save_initial_weights(model, tmp_path)
    assert choose_interpolation(model, tmp_path, lambda: 1.0, 1.0) == 1.0
