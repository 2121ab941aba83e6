"""The way back from what was learned to where training began."""

from pathlib import Path

import pytest
import torch
from torch import nn

from core.training.config import INTERPOLATION_SHARES
from core.training.weight_interpolation import choose_interpolation, has_initial_weights, save_initial_weights


class _Model(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.frozen, self.learns = nn.Linear(2, 2, bias=False), nn.Linear(2, 1)
        self.frozen.requires_grad_(False)


def model() -> _Model:
    found = _Model()
    with torch.no_grad():
        for parameter in found.parameters():
            parameter.fill_(1.0)
    return found


@pytest.mark.parametrize("best", [1.0, *INTERPOLATION_SHARES])
def test_the_share_of_least_loss_is_taken(best: float, tmp_path: Path) -> None:
    learned = model()
    assert not has_initial_weights(tmp_path)
    save_initial_weights(learned, tmp_path)
    assert has_initial_weights(tmp_path)
    with torch.no_grad():
        learned.learns.weight.fill_(5.0)  # it went from 1 to 5

    def loss() -> float:
        return abs(float(learned.learns.weight.detach()[0, 0]) - (1 + 4 * best))

    assert choose_interpolation(learned, tmp_path, loss, loss()) == best
    assert learned.learns.weight.detach().flatten().tolist() == pytest.approx([1 + 4 * best, 1 + 4 * best])
    assert learned.frozen.weight.detach().sum() == 4


def test_what_is_as_good_at_both_ends_keeps_all_that_was_learned(tmp_path: Path) -> None:
    learned = model()
    save_initial_weights(learned, tmp_path)
    assert choose_interpolation(learned, tmp_path, lambda: 1.0, 1.0) == 1.0
