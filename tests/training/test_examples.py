"""What the trainer reads: word pieces with targets on the scale of the loss, which can be taken back to that of the scores."""

import itertools
import math

import numpy as np
import pandas as pd
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from torch import nn

from core.data.splitting import Splits
from core.models import classifier as classifiers
from core.task import Task
from core.training.config import PAD_TO_MULTIPLE_OF
from core.training.examples import LengthGroupedSampler, TargetScaler, encode, shortest_first
from tests.training.test_trainer import toy

SCORE = Task("regression", ())


def scores(values: list[float]) -> Splits:
    frame = pd.DataFrame({"row": range(len(values)), "text": "a text", "label": values})
    return Splits(frame, frame[:0], frame[:0], SCORE)


@given(st.lists(st.integers(-1_000, 1_000), min_size=2, max_size=20))
def test_scores_are_standardised_and_come_back(values: list[int]) -> None:
    targets = np.asarray(values, dtype=np.float64)
    scale = TargetScaler.of(scores(targets.tolist()))
    standard = scale.apply(targets)
    assert scale.undo(standard) == pytest.approx(targets)
    assert (standard.mean(), standard.std()) == pytest.approx((0, float(np.ptp(targets) > 0)))


def test_scores_that_are_all_the_same_are_not_divided_by_zero() -> None:
    assert TargetScaler.of(scores([3.0, 3.0])).apply(np.asarray([3.0, 4.0])).tolist() == [0.0, 1.0]


def test_classes_pass_through() -> None:
    targets = np.asarray([0, 1, 1])
    assert TargetScaler.of(toy("binary")).apply(targets) is targets


def test_a_layer_shrunk_and_stretched_gives_the_same_scores() -> None:
    scale, layer, vectors = TargetScaler.of(scores([10.0, 20.0])), nn.Linear(3, 1), torch.rand(4, 3)
    before = layer(vectors).detach()
    scale.standardize_layer(layer)
    assert torch.allclose(layer(vectors), (before - 15) / 5, atol=1e-5)
    scale.unstandardize_layer(layer)
    assert torch.allclose(layer(vectors), before, atol=1e-5)


def test_a_row_has_its_word_pieces_its_target_and_its_length(tiny_encoder: str) -> None:
    splits = toy("binary")
    classifier = classifiers.build(tiny_encoder, splits.task, 4)
    frame = splits.train.head(2).assign(text=["the", "the apple is very sweet"])
    found = encode(frame, classifier, TargetScaler.of(splits))
    assert found.column_names == ["labels", "input_ids", "length"]
    assert found["length"] == [3, 4]  # two special tokens; cut at four
    assert [len(ids) for ids in found["input_ids"]] == [3, 4]
    assert found["labels"] == splits.task.encode(frame["label"].tolist()).tolist()
    assert shortest_first(encode(frame[::-1], classifier, TargetScaler.of(splits)))["length"] == [3, 4]


@given(st.lists(st.integers(1, 300), min_size=1, max_size=60), st.integers(1, 12))
def test_each_row_comes_once_and_steps_are_of_like_length(lengths: list[int], rows: int) -> None:
    order = list(LengthGroupedSampler(lengths, rows))
    assert sorted(order) == list(range(len(lengths)))
    whole = [
        [math.ceil(lengths[row] / PAD_TO_MULTIPLE_OF) for row in order[i : i + rows]]
        for i in range(0, len(order) - rows + 1, rows)
    ]
    # No step reaches into another, but where lengths that are padded alike begin in one and end in the next.
    spans = sorted((min(step), max(step)) for step in whole)
    assert all(first[1] <= second[0] for first, second in itertools.pairwise(spans))
    assert not whole or max(whole[0]) == max(map(max, whole))


def test_steps_come_in_an_order_that_the_seed_gives() -> None:
    lengths = list(range(1, 200))
    torch.manual_seed(3)
    first, second = (list(LengthGroupedSampler(lengths, 4)) for _ in range(2))
    torch.manual_seed(3)
    assert list(LengthGroupedSampler(lengths, 4)) == first != second
