"""Step 4: softmax and argmax worked by hand."""

import math

import pytest
import torch

from core.lessons.head import argmax, worked_softmax


def test_softmax_by_hand() -> None:
    table = worked_softmax({"a": math.log(3), "b": 0.0})
    assert table["exponential"].tolist() == pytest.approx([3, 1])
    assert table["probability"].tolist() == pytest.approx([0.75, 0.25])
    assert argmax(table) == "a"


@pytest.mark.parametrize("temperature", [0.5, 1.0, 5.0])
def test_softmax_agrees_with_torch_and_keeps_the_label(temperature: float) -> None:
    logits = {"billing": -0.4, "refund": 2.9, "delivery": 1.2}
    table = worked_softmax(logits, temperature)
    expected = (torch.tensor(list(logits.values())) / temperature).softmax(dim=0)
    assert table["probability"].tolist() == pytest.approx(expected.tolist())
    assert argmax(table) == "refund"
